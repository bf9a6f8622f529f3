"""T18: what the database itself refuses, to the application and to other tools."""

from __future__ import annotations

import sqlite3

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection

from tests.trial.audit import rows
from tests.trial.audit.outsiders import defenceless, outsider
from tests.trial.audit.settling import settle
from trial.audit.checks import TriggersMissing, assert_triggers, check_triggers
from trial.audit.context import audited
from trial.audit.models import AuditEntry
from trial.audit.services import seal

COLUMNS = "(table_name, row_id, op, at, actor, reason, old, new, transaction_id, hash)"
FORGED = f"INSERT INTO audit_entry {COLUMNS} VALUES ('users_site', '1', 'I', 'now', 'pi', 'x', NULL, '{{}}', 0, 'h')"
BOTH = [
    "UPDATE audit_entry SET actor = 'somebody'",
    "DELETE FROM audit_entry",
    "UPDATE audit_seal SET mac = 'x'",
    "DELETE FROM audit_seal",
    "INSERT INTO audit_seal (seq, entry_id, mac, sealed_at, horizon) VALUES (999, 999, 'x', 'x', 0)",
    FORGED,
]
SQLITE = [
    FORGED.replace("INSERT", "REPLACE"),
    FORGED.replace(COLUMNS, "(id, " + COLUMNS[1:]).replace("VALUES (", "VALUES (1, ").replace("INSERT", "REPLACE"),
    "REPLACE INTO audit_seal (seq, entry_id, mac, sealed_at, horizon) VALUES (1, 1, 'x', 'x', 0)",
    "DROP TRIGGER audit_users_site_update",
    "DROP TRIGGER audit_guard_audit_entry_update",
    "DROP TABLE audit_entry",
    "DROP TABLE audit_seal",
    "ALTER TABLE audit_entry RENAME TO gone",
    "PRAGMA recursive_triggers = OFF",
    "PRAGMA writable_schema = ON",
    "SELECT app_begin_entry()",
    "SELECT app_entry_hash('a', 'b', 'I', NULL, '{}')",
    "CREATE TEMP TRIGGER audit_mine AFTER INSERT ON main.users_site BEGIN SELECT 1; END",
]
POSTGRESQL = [
    "TRUNCATE audit_entry",
    "TRUNCATE audit_seal",
    "TRUNCATE users_site CASCADE",
    "TRUNCATE participants_participant CASCADE",
    "SELECT set_config('session_replication_role', 'replica', true); DELETE FROM audit_entry",
]


@pytest.fixture
def filled(cloned_orm: str) -> str:
    """A database with sealed entries of two sites; its DATABASE_URL."""
    with audited("system:test", "two sites"):
        for _ in range(2):
            rows.make_site().save()
    settle()
    seal()
    return cloned_orm


def test_the_application_itself_cannot_alter_the_trail(filled: str) -> None:
    kept = list(AuditEntry.objects.values_list())
    for statement in BOTH + (SQLITE if connection.vendor == "sqlite" else POSTGRESQL):
        with (
            pytest.raises(DatabaseError, match=r"refused|not authorized|permission denied"),
            audited("system:test", "tamper"),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)
        assert list(AuditEntry.objects.values_list()) == kept, statement
    assert_triggers()


def test_the_models_cannot_alter_the_trail(filled: str) -> None:
    entry = AuditEntry.objects.order_by("id")[0]
    entry.actor = "somebody"
    for write in (entry.save, entry.delete, AuditEntry.objects.all().delete, AuditEntry(hash="x").save):
        with pytest.raises(DatabaseError), audited("system:test", "tamper"):
            write()


def test_another_tools_write_fails_closed(filled: str) -> None:
    statements = [*BOTH, "UPDATE users_site SET name = 'x'", "DELETE FROM users_site"]
    connection.close()
    for statement in statements:
        with (
            pytest.raises((sqlite3.Error, psycopg.Error), match=r"no such function|refused|append-only|no actor"),
            outsider(filled) as raw,
        ):
            raw.execute(statement)


def test_the_site_refuses_to_serve_while_a_trigger_is_absent_and_names_it(filled: str) -> None:
    assert_triggers()
    connection.close()
    with outsider(filled) as raw:
        defenceless(raw, "users_site")
    with pytest.raises(TriggersMissing, match=r"users_site.*manage\.py migrate"):
        assert_triggers()
    assert [message.id for message in check_triggers(["default"])][:1] == ["audit.E003"]
    call_command("migrate", verbosity=0, skip_checks=False)
    assert_triggers()


def test_flush_is_refused() -> None:
    with pytest.raises(CommandError, match="never emptied"):
        call_command("flush", interactive=False)
