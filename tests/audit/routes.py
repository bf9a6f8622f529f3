"""Every known way to tamper with the audit trail, and what becomes of it: refused, or found at the first bad row.

Threats are those of docs/reliability.md. A route is expected to be refused by the database, the trail staying as it
was, or to be found by `verify_audit`, which names the first bad row as written here. Who owns the database can do all
that is found: nothing inside a database stops its owner.
"""

from __future__ import annotations

import sqlite3
from typing import Any, NamedTuple

from django.db import connection

from tests.audit.stage import Act, Stage, another_tool, application, copy_of, owner
from tests.trial.audit import outsiders
from tests.trial.audit.settling import settle
from trial.audit.context import audited
from trial.audit.models import AuditEntry
from trial.users.models import Site

SQLITE, POSTGRESQL = "sqlite", "postgresql"
BOTH = (SQLITE, POSTGRESQL)
REFUSED = "refused"
T18 = "T18"
COLUMNS = "table_name, row_id, op, at, actor, reason, old, new, transaction_id, hash"
VALUES = "'users_site', '{row}', 'U', '2026-01-01T00:00:00.000000Z', 'pi', 'x', NULL, '{{}}', 0, 'h'"
FORGED = f"INSERT INTO audit_entry ({COLUMNS}) VALUES ({VALUES})"
OVER = FORGED.replace("(table", "(id, table").replace("VALUES (", "VALUES ({changed}, ")
UPSERT = f"{OVER} ON CONFLICT (id) DO UPDATE SET actor = excluded.actor"
SEAL_COLUMNS = "(seq, entry_id, mac, sealed_at, horizon)"
FORGED_SEAL = f"INSERT INTO audit_seal {SEAL_COLUMNS} VALUES (999999, 999999, 'x', 'x', 0)"
RENAME = "UPDATE users_site SET name = 'Quietly' WHERE code = '{code}'"


class Route(NamedTuple):
    """A way to tamper: its name, threat, engines, how it is done, what becomes of it, and which checks see it.

    becomes: REFUSED, or the words of the first finding. checks: which of the verifier's checks find it, each left
    alone; "head" is the chain held against an exported head, which the others never see.
    """

    name: str
    threat: str
    engines: tuple[str, ...]
    how: Act
    becomes: str = REFUSED
    checks: tuple[str, ...] = ()


def _models(write: Any) -> Act:
    def act(stage: Stage) -> None:
        with audited("system:test", "tamper"):
            write(stage)

    return act


def _saved(stage: Stage) -> None:
    entry = AuditEntry.objects.get(pk=stage.changed.pk)
    entry.actor = "somebody"
    entry.save()


def _bulk_updated(stage: Stage) -> None:
    entry = AuditEntry.objects.get(pk=stage.changed.pk)
    entry.actor = "somebody"
    AuditEntry.objects.bulk_update([entry], ["actor"])


def _left_down(drop: str) -> Act:
    """By the owner: one trigger taken down for good, and a row changed behind it."""

    def act(stage: Stage) -> None:
        connection.close()
        with outsiders.outsider(stage.url) as raw:
            raw.execute(drop)
            raw.execute(RENAME.format(**stage.words()))

    return act


def _own_functions(stage: Stage) -> None:
    """Another tool that brings functions of its own under the names that the triggers call."""
    connection.close()
    with outsiders.outsider(stage.url) as raw:
        assert isinstance(raw, sqlite3.Connection)
        told = {"app_begin_entry": "pi", "app_actor": "pi", "app_reason": "as agreed", "app_now": "2026-01-01T00:00"}
        for name, answer in told.items():
            raw.create_function(name, 0, lambda answer=answer: answer)
        raw.create_function("app_entry_hash", 5, lambda *_: "0" * 64)
        raw.create_function("app_entry_expected", 1, lambda _: 1)
        raw.execute(RENAME.format(code=stage.site.code))


def _replaced_function(stage: Stage) -> None:
    """By the owner: the trigger's function replaced by one that writes nothing, and a row changed behind it."""
    connection.close()
    with outsiders.outsider(stage.url) as raw:
        raw.execute(
            "CREATE OR REPLACE FUNCTION audit_row_change() RETURNS trigger LANGUAGE plpgsql "
            "SECURITY DEFINER AS $$ BEGIN RETURN NULL; END $$"
        )
        raw.execute(RENAME.format(code=stage.site.code))


def _undone(stage: Stage) -> None:
    """A change past the trail, covered by a regular one that restores the value."""
    owner(("users_site", RENAME))(stage)
    with audited("system:test", "covers it up"):
        Site.objects.filter(pk=stage.site.pk).update(name="Renamed")


def _older_restored(stage: Stage) -> None:
    """The database of an hour ago put back, whole and valid in itself."""
    put_back = copy_of(stage.url)
    with audited("system:test", "since then"):
        Site.objects.filter(pk=stage.site.pk).update(name="Since then")
    settle()
    stage.export_head()
    put_back()


def _older_gone_on(stage: Stage) -> None:
    """The same, and work goes on until the chain is as long as it was."""
    _older_restored(stage)
    with audited("system:test", "again"):
        Site.objects.filter(pk=stage.site.pk).update(name="Otherwise")
    settle()


def _tail_cut(stage: Stage) -> None:
    """By the owner: the last change, its entry and its link taken away without a trace."""
    with audited("system:test", "to be forgotten"):
        Site.objects.filter(pk=stage.site.pk).update(name="Forgotten")
    settle()
    stage.export_head()
    owner(
        ("audit_seal", "DELETE FROM audit_seal WHERE entry_id = {head_entry}"),
        ("audit_entry", "DELETE FROM audit_entry WHERE id = {head_entry}"),
        ("users_site", "UPDATE users_site SET name = 'Renamed' WHERE code = '{code}'"),
    )(stage)


def _on_each(name: str, statement: str, engines: tuple[str, ...] = BOTH) -> list[Route]:
    """A statement over the site's own connection and over another tool's."""
    return [
        Route(f"{name}, by the application", T18, engines, application(statement)),
        Route(f"{name}, by another tool", T18, engines, another_tool(statement)),
    ]


REFUSALS = [
    Route("save() of an entry", T18, BOTH, _models(_saved)),
    Route("update() of entries", T18, BOTH, _models(lambda _: AuditEntry.objects.update(actor="x"))),
    Route("bulk_update() of entries", T18, BOTH, _models(_bulk_updated)),
    Route("delete() of entries", T18, BOTH, _models(lambda _: AuditEntry.objects.all().delete())),
    Route("bulk_create() of entries", T18, BOTH, _models(lambda _: AuditEntry.objects.bulk_create([_forged()]))),
    *_on_each("UPDATE of an entry", "UPDATE audit_entry SET actor = 'x' WHERE id = {changed}"),
    *_on_each("DELETE of an entry", "DELETE FROM audit_entry WHERE id = {changed}"),
    *_on_each("UPDATE of a link", "UPDATE audit_seal SET mac = 'x'"),
    *_on_each("DELETE of a link", "DELETE FROM audit_seal WHERE seq = {changed_link}"),
    *_on_each("forged INSERT", FORGED),
    *_on_each("forged INSERT of a link", FORGED_SEAL),
    *_on_each("upsert over an entry", UPSERT),
    *_on_each("REPLACE of an entry", OVER.replace("INSERT", "REPLACE"), (SQLITE,)),
    *_on_each("REPLACE of a link", FORGED_SEAL.replace("INSERT", "REPLACE"), (SQLITE,)),
    *_on_each("TRUNCATE of the trail", "TRUNCATE audit_entry", (POSTGRESQL,)),
    *_on_each("TRUNCATE of the chain", "TRUNCATE audit_seal", (POSTGRESQL,)),
    *_on_each("TRUNCATE of an audited table", "TRUNCATE users_site CASCADE", (POSTGRESQL,)),
    *_on_each(
        "triggers passed by session_replication_role",
        "SELECT set_config('session_replication_role', 'replica', true); DELETE FROM audit_entry",
        (POSTGRESQL,),
    ),
    Route("a row changed by another tool", T18, BOTH, another_tool(RENAME)),
    Route("a row removed by another tool", T18, BOTH, another_tool("DELETE FROM users_site")),
    *(
        Route(f"{statement.split('(')[0].strip()}, by the application", T18, (SQLITE,), application(statement))
        for statement in (
            "DROP TRIGGER audit_users_site_update",
            "DROP TRIGGER audit_guard_audit_entry_update",
            "DROP TABLE audit_entry",
            "DROP TABLE audit_seal",
            "ALTER TABLE audit_entry RENAME TO gone",
            "PRAGMA recursive_triggers = OFF",
            "PRAGMA writable_schema = ON",
            "SELECT app_begin_entry()",
            "SELECT app_entry_hash('a', 'b', 'I', NULL, '{{}}')",
            "CREATE TEMP TRIGGER audit_mine AFTER INSERT ON main.users_site BEGIN SELECT 1; END",
        )
    ),
    *_on_each("a lock state opened", "UPDATE locks_visitlock SET is_locked = {false}, change_id = NULL"),
]

ROW = "users_site row {row} (entry {changed}): "
FOUND = [
    Route(
        "an entry changed by the owner",
        T18,
        BOTH,
        owner(("audit_entry", "UPDATE audit_entry SET reason = 'other' WHERE id = {changed}")),
        ROW + "its content does not match its hash",
        ("entries",),
    ),
    Route(
        "an entry changed with its hash made anew",
        T18,
        BOTH,
        owner(("audit_entry", "UPDATE audit_entry SET reason = 'other', hash = '{hashed_anew}' WHERE id = {changed}")),
        ROW + "link {changed_link} of the chain does not fit the entry",
        ("chain",),
    ),
    Route(
        "an entry removed",
        T18,
        BOTH,
        owner(("audit_entry", "DELETE FROM audit_entry WHERE id = {changed}")),
        "users_site row {row} (entry {entered}): the row is not what its last entry left: name",
        ("chain", "rows"),
    ),
    Route(
        "a link removed",
        T18,
        BOTH,
        owner(("audit_seal", "DELETE FROM audit_seal WHERE seq = {changed_link}")),
        "{after_link}: links {changed_link} to {changed_link} of the chain are missing before it",
        ("chain",),
    ),
    Route(
        "a forged entry behind the guard",
        T18,
        BOTH,
        owner(("audit_entry", FORGED)),
        "users_site row {row} (entry {newest}): its content does not match its hash",
        ("entries", "rows"),
    ),
    Route(
        "actor and hash by functions of another tool's own",
        T18,
        (SQLITE,),
        _own_functions,
        "users_site row {row} (entry {newest}): its content does not match its hash",
        ("entries",),
    ),
    Route(
        "a row changed past the trail",
        T18,
        BOTH,
        owner(("users_site", RENAME)),
        ROW + "the row is not what its last entry left: name",
        ("rows",),
    ),
    Route(
        "a row removed past the trail",
        T18,
        BOTH,
        owner(("users_site", "DELETE FROM users_site WHERE code = '{code}'")),
        ROW + "the row is gone without an entry",
        ("rows",),
    ),
    Route(
        "a row added past the trail",
        T18,
        BOTH,
        owner(
            (
                "users_site",
                "INSERT INTO users_site (id, code, name, timezone, is_practice) "
                "VALUES ('{new}', 'Z', 'Z', 'UTC', {false})",
            )
        ),
        "users_site row {new} (no entry): the row has no entry",
        ("rows",),
    ),
    Route(
        "a change past the trail, undone by a regular one",
        T18,
        BOTH,
        _undone,
        "users_site row {row} (entry {newest}): its old values are not those entry {changed} left: name",
        ("entries",),
    ),
    Route(
        "a trigger dropped",
        T18,
        (SQLITE,),
        _left_down("DROP TRIGGER audit_users_site_update"),
        ROW + "the row is not what its last entry left: name",
        ("triggers", "rows"),
    ),
    Route(
        "a trigger dropped",
        T18,
        (POSTGRESQL,),
        _left_down("DROP TRIGGER audit_row ON users_site"),
        ROW + "the row is not what its last entry left: name",
        ("triggers", "rows"),
    ),
    Route(
        "a trigger disabled",
        T18,
        (POSTGRESQL,),
        _left_down("ALTER TABLE users_site DISABLE TRIGGER audit_row"),
        ROW + "the row is not what its last entry left: name",
        ("triggers", "rows"),
    ),
    Route(
        "the trigger's function replaced",
        T18,
        (POSTGRESQL,),
        _replaced_function,
        ROW + "the row is not what its last entry left: name",
        ("triggers", "rows"),
    ),
    Route(
        "the tail cut off",
        T18,
        BOTH,
        _tail_cut,
        "? row ? (entry {head_entry}): the chain ends at {before_head}, before the exported head {head_link}",
        ("head",),
    ),
    Route(
        "an older database restored",
        T18,
        BOTH,
        _older_restored,
        "? row ? (entry {head_entry}): the chain ends at {before_head}, before the exported head {head_link}",
        ("head",),
    ),
    Route(
        "an older database restored, and work gone on",
        T18,
        BOTH,
        _older_gone_on,
        "users_site row {row} (entry {newest}): link {head_link} differs from the exported head",
        ("head",),
    ),
    Route(
        "a lock state opened past the trail",
        "T19",
        BOTH,
        owner(("locks_visitlock", "UPDATE locks_visitlock SET is_locked = {false} WHERE visit_id = '{visit}'")),
        "locks_visitlock row {visit} (entry {locked}): the state is open, but by the changes of the lock it is locked",
        ("follows",),
    ),
    Route(
        "a lock state removed past the trail",
        "T19",
        BOTH,
        owner(("locks_participantlock", "DELETE FROM locks_participantlock")),
        "locks_participantlock row {person} (no entry): the state is absent, but by the changes of the lock it is open",
        ("follows",),
    ),
    Route(
        "a lock state that forgets its change",
        "T19",
        BOTH,
        owner(("locks_visitlock", "UPDATE locks_visitlock SET change_id = NULL WHERE visit_id = '{visit}'")),
        "locks_visitlock row {visit} (entry {locked}): the state names another change than the last one",
        ("follows",),
    ),
    Route(
        "a participant locked past the trail",
        "T19",
        BOTH,
        owner(("locks_participantlock", "UPDATE locks_participantlock SET is_locked = NOT is_locked")),
        "locks_participantlock row {person} (no entry): the state is locked, but by the changes of the lock it is open",
        ("follows",),
    ),
]


def _forged() -> AuditEntry:
    return AuditEntry(table_name="users_site", row_id="1", op="I", at="", actor="pi", reason="x", transaction_id=0)


def on(engine: str, routes: list[Route]) -> list[Route]:
    """The routes of an engine."""
    return [route for route in routes if engine in route.engines]
