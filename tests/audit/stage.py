"""What somebody who tampers finds: a sealed trail of three sites, one of them renamed, and three hands to use."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import psycopg
from django.db import connection
from psycopg import sql

from tests.engines.clones import database_name, with_database
from tests.trial.audit import outsiders, rows
from tests.trial.audit.settling import settle
from tests.trial.locks import ward as wards
from trial.audit.canonical import entry_hash
from trial.audit.context import audited
from trial.audit.models import AuditEntry, AuditSeal
from trial.audit.queries import row_key
from trial.audit.services import export_head, seal
from trial.locks.models import LockChange, ParticipantLock, VisitLock
from trial.users.models import Site


class Stage(NamedTuple):
    """The database's address, the site in the middle, its two entries, a locked visit's change with its
    entry, the link over the second entry, and the head that was exported last."""

    url: str
    site: Site
    entered: AuditEntry
    changed: AuditEntry
    lock: LockChange
    locked: AuditEntry
    link: int
    head: dict[str, Any]

    def words(self) -> dict[str, Any]:
        """What a statement or an expectation may name."""
        return {
            "row": self.changed.row_id,
            "code": self.site.code,
            "entered": self.entered.id,
            "changed": self.changed.id,
            "changed_link": self.link,
            "visit": row_key(VisitLock, self.lock.visit_id),
            "person": row_key(ParticipantLock, self.participant),
            "locked": self.locked.id,
            "newest": AuditEntry.objects.order_by("-id").values_list("id", flat=True).first(),
            "after_link": self.after_link(),
            "false": "0" if connection.vendor == "sqlite" else "false",
            "new": row_key(Site, "11111111-2222-3333-4444-555555555555"),
            "hashed_anew": self.hash_with_reason("other"),
            "head_entry": self.head["entry_id"],
            "head_link": self.head["seq"],
            "before_head": self.head["seq"] - 1,
        }

    def export_head(self) -> None:
        """Let the head be exported now, as the task of every night does."""
        with TemporaryDirectory() as folder:
            self.head.update(export_head(Path(folder) / "head.json"))

    @property
    def participant(self) -> Any:
        """The key of the participant whose visit is locked."""
        return self.lock.visit.visit.participant_id  # type: ignore[union-attr]

    def after_link(self) -> str:
        """The place of the entry after the renaming's."""
        after = AuditEntry.objects.filter(id__gt=self.changed.id).order_by("id")[0]
        return f"{after.table_name} row {after.row_id} (entry {after.id})"

    def hash_with_reason(self, reason: str) -> str:
        """The hash that the renaming's entry would have with another reason: no key is needed for it."""
        it, xid = self.changed, str(self.changed.transaction_id)
        return entry_hash(it.table_name, it.row_id, it.op, it.at, it.actor, reason, it.old, it.new, xid)


def set_up(url: str) -> Stage:
    """Fill a fresh database to which the models point."""
    change = wards.lock(wards.make_ward(), "visit")
    made = [rows.make_site() for _ in range(3)]
    with audited("system:test", "three sites"):
        for each in made:
            each.save()
        Site.objects.filter(pk=made[1].pk).update(name="Renamed")
        rows.make_site().save()
    settle()
    seal()
    entries = AuditEntry.objects.filter(table_name="users_site", row_id=row_key(Site, made[1].pk))
    locked = AuditEntry.objects.get(table_name="locks_lockchange", row_id=row_key(LockChange, change.pk))
    entered, changed = entries.order_by("id")
    link = AuditSeal.objects.get(entry_id=changed.id).seq
    stage = Stage(url, made[1], entered, changed, change, locked, link, {})
    stage.export_head()
    return stage


Act = Callable[[Stage], object]


def application(statement: str) -> Act:
    """A statement over the site's own connection, attributed like any other write."""

    def act(stage: Stage) -> None:
        with audited("system:test", "tamper"), connection.cursor() as cursor:
            cursor.execute(statement.format(**stage.words()))

    return act


def another_tool(*statements: str) -> Act:
    """Statements over a plain driver's connection, with every trigger in place."""

    def act(stage: Stage) -> None:
        given = [statement.format(**stage.words()) for statement in statements]
        connection.close()
        with outsiders.outsider(stage.url) as raw:
            for statement in given:
                raw.execute(statement)

    return act


def owner(*steps: tuple[str, str]) -> Act:
    """(table, statement) by who owns the database: the table's triggers are taken down, and put back after it."""

    def act(stage: Stage) -> None:
        given = [(table, statement.format(**stage.words())) for table, statement in steps]
        for table, statement in given:
            outsiders.damage(stage.url, table, statement)

    return act


def copy_of(url: str) -> Callable[[], None]:
    """Keep the database as it is now; what is returned puts it back in its place."""
    connection.close()
    if url.startswith("sqlite"):
        path = Path(url.removeprefix("sqlite:///"))
        kept = path.with_suffix(".older")
        with outsiders.outsider(url) as raw:
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copyfile(path, kept)
        return lambda: _put_file_back(kept, path)
    name, kept_name = database_name(url), f"{database_name(url)}_older"
    _order(url, "CREATE DATABASE {} TEMPLATE {}", kept_name, name)
    return lambda: _put_database_back(url, kept_name, name)


def _put_file_back(kept: Path, path: Path) -> None:
    connection.close()
    for beside in ("-wal", "-shm"):
        Path(f"{path}{beside}").unlink(missing_ok=True)
    kept.replace(path)


def _put_database_back(url: str, kept: str, name: str) -> None:
    connection.close()
    _order(url, "DROP DATABASE {} WITH (FORCE)", name)
    _order(url, "ALTER DATABASE {} RENAME TO {}", kept, name)


def _order(url: str, statement: str, *names: str) -> None:
    with psycopg.connect(with_database(url, "postgres"), autocommit=True) as server:
        server.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
