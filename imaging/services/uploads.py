"""Keeping the files that numbers came from, under their hash."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
import time
from pathlib import Path, PurePosixPath, PureWindowsPath
from uuid import UUID

from django.conf import settings

from imaging.models import Upload
from trial import protocol
from trial.records.services import RecordError, content_hash, put
from trial.users.models import Site, User

LONGEST_NAME = 200
# Much longer than a preview can be confirmed.
UNCONFIRMED_SECONDS = 24 * 3600
_SHA256 = re.compile(r"[0-9a-f]{64}")


class UploadLost(RecordError):
    """A kept file is gone or no longer what it was."""


def keep(content: bytes) -> str:
    """Write the bytes under their SHA-256, once and whole, and return it (hex)."""
    sha256 = hashlib.sha256(content).hexdigest()
    path = _path(sha256)
    if path.exists():
        # As young as its latest preview, so that nobody's open preview is tidied away.
        path.touch()
        return sha256
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
    return sha256


def kept(sha256: str) -> bytes:
    """The bytes kept under a hash; raises UploadLost where they are gone or changed."""
    if not _SHA256.fullmatch(sha256) or not _path(sha256).is_file():
        raise UploadLost("The file of this preview is no longer here. Choose it again.")
    content = _path(sha256).read_bytes()
    if hashlib.sha256(content).hexdigest() != sha256:
        raise UploadLost("The kept file was changed on disk. Choose it again and tell an administrator.")
    return content


def forget_unconfirmed() -> int:
    """Remove kept files that were previewed and never confirmed, a day after their last preview; how many."""
    youngest = time.time() - UNCONFIRMED_SECONDS
    old = {path.name: path for path in Path(settings.UPLOADS_DIR).glob("??/*") if path.stat().st_mtime < youngest}
    confirmed = set(Upload.objects.filter(sha256__in=old).values_list("sha256", flat=True))
    forgotten = [path for name, path in old.items() if name not in confirmed]
    for path in forgotten:
        path.unlink(missing_ok=True)
    return len(forgotten)


def register(
    actor: User,
    *,
    site: Site,
    kind: str,
    content: bytes,
    file_name: str,
    made_by: str,
    key: UUID | None,
    origin: str,
) -> Upload:
    """Keep a file and record it: who brought it, under which name, made by which pipeline."""
    values = {
        "kind": kind,
        "file_name": _bare(file_name),
        "sha256": keep(content),
        "size": len(content),
        "made_by": made_by,
    }
    return put(
        Upload,
        actor,
        key=key,
        reason=f"{values['file_name']} imported",
        digest=content_hash({**values, "site": site}),
        site=site,
        protocol_version=protocol.CURRENT,
        origin=origin,
        **values,
    )


def _bare(file_name: str) -> str:
    """The name without folders: those may tell a person's name."""
    name = PurePosixPath(PureWindowsPath(file_name).name).name or "unnamed"
    return "".join(sign if sign.isprintable() else "?" for sign in name)[:LONGEST_NAME]


def _path(sha256: str) -> Path:
    return Path(settings.UPLOADS_DIR) / sha256[:2] / sha256
