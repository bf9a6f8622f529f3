"""Keeping the files that numbers came from, under their hash."""

from __future__ import annotations

import hashlib
import re
import time
from pathlib import Path, PurePosixPath, PureWindowsPath
from uuid import UUID

from django.conf import settings

from imaging.models import Upload
from trial import protocol
from trial.records.files import write_whole
from trial.records.services import RecordError, content_hash, put
from trial.users.models import Site, User

LONGEST_NAME = 200
# Much longer than a preview can be confirmed.
UNCONFIRMED_SECONDS = 24 * 3600
_SHA256 = re.compile(r"[0-9a-f]{64}")


class UploadLost(RecordError):
    """A kept file is gone or no longer what it was."""


def keep(content: bytes) -> str:
    """Put the bytes aside under their SHA-256 until somebody confirms them, and return it (hex)."""
    sha256 = hashlib.sha256(content).hexdigest()
    write_whole(_aside(sha256), content)
    return sha256


def kept(sha256: str) -> bytes:
    """The bytes kept under a hash; raises UploadLost where they are gone or changed."""
    places = (_path(sha256), _aside(sha256)) if _SHA256.fullmatch(sha256) else ()
    found = next((path for path in places if path.is_file()), None)
    if found is None:
        raise UploadLost("The file of this preview is no longer here. Choose it again.")
    content = found.read_bytes()
    if hashlib.sha256(content).hexdigest() != sha256:
        raise UploadLost("The kept file was changed on disk. Choose it again and tell an administrator.")
    return content


def forget_unconfirmed() -> int:
    """Remove what was put aside and not confirmed a day after its last preview; how many. Kept files stay."""
    youngest = time.time() - UNCONFIRMED_SECONDS
    old = [path for path in _aside("").glob("*") if path.stat().st_mtime < youngest]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)


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
    sha256 = hashlib.sha256(content).hexdigest()
    if not _path(sha256).exists():
        write_whole(_path(sha256), content)
    values = {
        "kind": kind,
        "file_name": _bare(file_name),
        "sha256": sha256,
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
        protocol_version=protocol.in_force(site.today),
        origin=origin,
        **values,
    )


def _bare(file_name: str) -> str:
    """The name without folders: those may tell a person's name."""
    name = PurePosixPath(PureWindowsPath(file_name).name).name or "unnamed"
    return "".join(sign if sign.isprintable() else "?" for sign in name)[:LONGEST_NAME]


def _aside(sha256: str) -> Path:
    return Path(settings.UPLOADS_DIR) / "unconfirmed" / sha256


def _path(sha256: str) -> Path:
    return Path(settings.UPLOADS_DIR) / sha256[:2] / sha256
