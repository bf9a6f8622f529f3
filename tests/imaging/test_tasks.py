"""What was previewed and never confirmed is forgotten a day later; what was imported stays."""

from __future__ import annotations

import os
import time

import pytest

from imaging.models import ImagingSession
from imaging.services import import_volumes, keep, kept
from imaging.services.uploads import UNCONFIRMED_SECONDS, UploadLost, _aside, _path
from imaging.tasks import tidy
from tests.imaging.scans import ASEG
from trial.users.models import User

pytestmark = pytest.mark.django_db


def age(sha256: str) -> None:
    """Make a kept file a little older than it may stay unconfirmed."""
    then = time.time() - UNCONFIRMED_SECONDS - 60
    for path in (_aside(sha256), _path(sha256)):
        if path.exists():
            os.utime(path, (then, then))


def test_a_file_nobody_confirmed_is_forgotten_after_a_day() -> None:
    old, young = keep(b"previewed yesterday"), keep(b"previewed just now")
    age(old)
    tidy()
    with pytest.raises(UploadLost):
        kept(old)
    assert kept(young) == b"previewed just now"


def test_a_file_previewed_again_is_as_young_as_its_latest_preview() -> None:
    sha256 = keep(b"previewed twice")
    age(sha256)
    keep(b"previewed twice")
    tidy()
    assert kept(sha256) == b"previewed twice"


def test_an_imported_file_stays_for_good(analyst: User, session: ImagingSession) -> None:
    keep(ASEG)
    upload = import_volumes(analyst, session, content=ASEG, file_name="aseg.stats")
    age(upload.sha256)
    tidy()
    assert kept(upload.sha256)
    assert not _aside(upload.sha256).exists()
