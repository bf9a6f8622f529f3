"""Making a back-up: the database in one state, then the files its rows point to, then what proves both."""

from __future__ import annotations

import re
import tomllib
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

from django.conf import settings

from trial.audit.services import seal
from trial.backup import keys, memory
from trial.backup.container import Writer
from trial.backup.engines import LEFT_OVER, Picture, picture, pieces_of
from trial.backup.progress import Say, told
from trial.records.files import whole_file

NAME = "trial-{:%Y%m%dT%H%M%SZ}.backup"
NAMED = re.compile(r"trial-\d{8}T\d{6}Z\.backup")
FORMAT = 1
# No record points to a file whose import nobody has confirmed (imaging).
UNCONFIRMED = "unconfirmed"


class Made(NamedTuple):
    """A back-up that was made: where, how large, how many rows and files, and which older ones went."""

    path: Path
    size: int
    rows: int
    files: int
    forgotten: list[Path]


def make(folder: Path, say: Say, *, keep: int | None = None) -> Made:
    """Write a back-up of the site into a folder; it is there whole or not at all.

    keep: how many back-ups of that folder stay, the new one among them; None keeps all.
    Raises ImproperlyConfigured without a key, OSError where the file cannot be written.
    """
    lock, at = keys.configured(), datetime.now(UTC)
    forget_left_overs(settings.VAR_DIR, folder)
    seal()
    path = folder / NAME.format(at)
    say("Reading the database.")
    with picture() as found, whole_file(path) as file:
        writer = Writer(file, lock, {"format": FORMAT, "made_at": at.isoformat()})
        writer.add(found.part, told(found.pieces, say, "Database written"))
        files = kept_files()
        for name, source in files.items():
            with source.open("rb") as opened:
                writer.add(name, told(pieces_of(opened), say, name))
        writer.close(manifest(found, at))
    memory.remember("backup", at, str(path))
    rows = sum(table.rows for table in found.tables.values())
    return Made(path, path.stat().st_size, rows, len(files), forget_old(folder, keep))


def manifest(found: Picture, at: datetime) -> dict[str, object]:
    """What a back-up says of itself."""
    return {
        "format": FORMAT,
        "made_at": at.isoformat(),
        "program": program_version(),
        "engine": found.engine,
        "engine_version": found.version,
        "sites": found.sites,
        "migrations": found.migrations,
        "audit_head": found.head,
        "tables": {name: table._asdict() for name, table in found.tables.items()},
    }


def program_version() -> str:
    """The version of this program, from pyproject.toml or the installed package."""
    source = settings.BASE_DIR / "pyproject.toml"
    if source.is_file():
        return str(tomllib.loads(source.read_text(encoding="utf-8"))["project"]["version"])
    return metadata.version("ketamine-trial")


def kept_files() -> dict[str, Path]:
    """The files that records point to, by their names in a back-up; what is being written has a hidden name."""
    found = {}
    for label, folder in folders().items():
        for path in sorted(folder.rglob("*")):
            inside = path.relative_to(folder)
            is_passing = any(part.startswith(".") or part == UNCONFIRMED for part in inside.parts)
            if path.is_file() and not is_passing:
                found[f"{label}/{inside.as_posix()}"] = path
    return found


def folders() -> dict[str, Path]:
    """The folders of such files, by their names in a back-up."""
    return {"reports": settings.REPORTS_DIR, "uploads": settings.UPLOADS_DIR}


def forget_old(folder: Path, keep: int | None) -> list[Path]:
    """Remove all but the newest back-ups of a folder; which went."""
    made = sorted(path for path in folder.iterdir() if NAMED.fullmatch(path.name))
    old = made[:-keep] if keep else []
    for path in old:
        path.unlink()
    return old


def forget_left_overs(*places: Path) -> None:
    """Remove what a killed back-up or restore left."""
    for folder in places:
        for pattern in (LEFT_OVER, ".trial-*.backup.*.part"):
            for path in folder.glob(pattern):
                path.unlink()
