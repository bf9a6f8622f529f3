"""Bringing a back-up back: beside the site, proved there, and only then in its place."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from django.core.management import call_command
from django.db import connections

from trial.audit.verification import Report, verify
from trial.backup import keys, memory
from trial.backup.container import Damaged, Part, Reader
from trial.backup.engines import POSTGRESQL_PART, SQLITE_PART
from trial.backup.making import folders
from trial.backup.places import Place, beside, connected, is_damaged, sites_here
from trial.backup.progress import Say, told
from trial.records.checks import DatabaseOutdated, ProgramOutdated, assert_migrated
from trial.records.files import whole_file


class Refused(RuntimeError):
    """A restore that must not be done so; the message says what to do instead."""


@dataclass(frozen=True)
class Restored:
    """What came back: rows, files, the audit trail's report, the back-up's time, and where the old database is."""

    rows: int
    files: int
    audit: Report
    made_at: datetime
    kept: str | None


def restore(path: Path, say: Say, *, replace: str = "") -> Restored:
    """Put the back-up's state in the site's place; before that, nothing of the site is changed.

    replace: code of a site whose data may be replaced; needed where the database holds any.
    Raises Refused, Damaged, NotTheKey, NoBackup, StillInUse.
    """
    reader = opened(path)
    index = reader.index()
    assert_may_replace(index, replace)
    with beside() as made:
        report = prove(reader, index, made, say)
        files = put_files(reader, index, say)
        kept = made.swap()
    return Restored(rows_of(index), files, report, datetime.fromisoformat(index["made_at"]), kept)


def rehearse(path: Path, say: Say) -> Restored:
    """Restore into a database of its own, prove database and files, and drop it; the site is not touched."""
    reader = opened(path)
    index = reader.index()
    with beside() as made:
        report = prove(reader, index, made, say)
        files = files_of(index)
        for part in files:
            for _ in told(reader.content(part), say, part.name):
                pass
    memory.remember("rehearsal", datetime.now(UTC), str(path))
    return Restored(rows_of(index), len(files), report, datetime.fromisoformat(index["made_at"]), None)


def opened(path: Path) -> Reader:
    """The back-up, with the key of the settings."""
    return Reader(path, keys.configured)


def rows_of(index: dict[str, Any]) -> int:
    """How many rows a back-up holds."""
    return sum(table["rows"] for table in index["tables"].values())


def files_of(index: dict[str, Any]) -> list[Part]:
    """The files in a back-up."""
    return [part for part in index["parts"] if part.name not in {SQLITE_PART, POSTGRESQL_PART}]


def assert_may_replace(index: dict[str, Any], replace: str) -> None:
    """Refuse another engine's back-up, and data that nobody said may go."""
    engine = connections["default"].vendor
    if index["engine"] != engine:
        raise Refused(f"This back-up was made on {index['engine']}; the site is set to {engine} (DATABASE_URL).")
    here = sites_here() or (index["sites"] if is_damaged() else None)
    if here and replace not in here:
        raise Refused(
            f"The database holds the data of {', '.join(here)}. Back it up first; then name the site to say that its "
            f"data may be replaced: --replace {here[0]}."
        )


def prove(reader: Reader, index: dict[str, Any], made: Place, say: Say) -> Report:
    """Fill a place from a back-up and compare it, table by table and entry by entry; raises Damaged."""
    part = next(part for part in index["parts"] if part.name in {SQLITE_PART, POSTGRESQL_PART})
    made.fill(told(reader.content(part), say, "Database read back"))
    say("Comparing every table.")
    found = {name: table._asdict() for name, table in made.told().items()}
    if wrong := sorted(
        name for name in found.keys() | index["tables"].keys() if found.get(name) != index["tables"].get(name)
    ):
        raise Damaged(f"restored, these tables are not what was backed up: {', '.join(wrong)}")
    say("Verifying the audit trail.")
    return verified(made, index)


def verified(made: Place, index: dict[str, Any]) -> Report:
    """Bring the restored database to this program's version, then verify its trail against the noted head.

    Raises Refused for a back-up of a newer program, Damaged naming the first wrong row.
    """
    with connected(made.name) as alias:
        try:
            assert_migrated(alias)
        except DatabaseOutdated:
            call_command("migrate", database=alias, verbosity=0, interactive=False)
        except ProgramOutdated as newer:
            raise Refused(f"The back-up was made by a newer program ({index['program']}). {newer}") from newer
        report = verify(index["audit_head"], using=alias)
    if not report.ok:
        raise Damaged(
            f"the audit trail is not whole: {report.findings[0]}. Is AUDIT_SEAL_KEY that of the back-up's day?"
        )
    return report


def put_files(reader: Reader, index: dict[str, Any], say: Say) -> int:
    """Put back the files that are missing or changed; how many the back-up holds.

    Their names follow from their content, so this takes nothing from the database that is still in place.
    """
    files, inside = files_of(index), folders()
    for part in files:
        name = PurePosixPath(part.name)
        target = inside[name.parts[0]].joinpath(*name.parts[1:])
        if target.is_file() and hashlib.sha256(target.read_bytes()).hexdigest() == part.sha256:
            continue
        with whole_file(target) as file:
            for piece in told(reader.content(part), say, part.name):
                file.write(piece)
    return len(files)
