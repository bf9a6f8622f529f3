"""Installing the triggers, and finding out which are missing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from trial.audit import postgresql, sqlite
from trial.audit.connections import installing
from trial.audit.registry import AuditedTable, audited_tables

TRAIL = ("audit_entry", "audit_seal")


class UnsupportedEngine(RuntimeError):
    """The database is neither SQLite nor PostgreSQL."""


def install(connection: BaseDatabaseWrapper) -> list[str]:
    """Put every missing or altered trigger in place; returns their names. Nothing before the trail exists."""
    absent = missing(connection)
    if absent:
        statements = _statements(connection)
        with installing(), transaction.atomic(connection.alias), connection.cursor() as cursor:
            for name in absent:
                for statement in statements[name]:
                    cursor.execute(statement)
    return absent


def uninstall(connection: BaseDatabaseWrapper) -> None:
    """Drop every trigger of the trail: before a migration that alters tables, never while serving."""
    with installing(), transaction.atomic(connection.alias), connection.cursor() as cursor:
        for name in _installed(connection):
            for statement in _drops(connection, name):
                cursor.execute(statement)


def missing(connection: BaseDatabaseWrapper) -> list[str]:
    """Names of the triggers that are absent, disabled or altered; empty before the trail's tables exist."""
    expected, found = _expected(connection), _installed(connection)
    return [name for name, definition in expected.items() if found.get(name) != definition]


def _expected(connection: BaseDatabaseWrapper) -> dict[str, Any]:
    columns = _columns(connection)
    if not all(table in columns for table in TRAIL):
        return {}
    if connection.vendor == "sqlite":
        return _expected_sqlite(columns)
    tables = [table for table in audited_tables() if table.name in columns]
    wanted: dict[str, Any] = {f"{name}()": body for name, body in postgresql.FUNCTIONS.items()}
    for trigger in [*postgresql.GUARDS, *(t for table in tables for t in postgresql.row_triggers(table))]:
        wanted[f"{trigger.name} on {trigger.table}"] = trigger
    return wanted


def _expected_sqlite(columns: dict[str, list[sqlite.Column]]) -> dict[str, Any]:
    wanted: dict[str, Any] = dict(sqlite.guards())
    for table in audited_tables():
        if table.name in columns:
            wanted |= sqlite.triggers(table, columns[table.name])
    return wanted


def _installed(connection: BaseDatabaseWrapper) -> dict[str, Any]:
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(
                "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND substr(name, 1, 6) = 'audit_'"
            )
            return dict(cursor.fetchall())
        cursor.execute(postgresql.INSTALLED_FUNCTIONS, [list(postgresql.FUNCTIONS)])
        found: dict[str, Any] = {f"{name}()": body for name, body in cursor.fetchall()}
        cursor.execute(postgresql.INSTALLED_TRIGGERS, [])
        for name, table, function, kind, arguments in cursor.fetchall():
            given = tuple(arguments.split("\\000")[:-1])
            found[f"{name} on {table}"] = postgresql.Trigger(name, table, function, kind, given)
    return found


def _statements(connection: BaseDatabaseWrapper) -> dict[str, list[str]]:
    expected = _expected(connection)
    if connection.vendor == "sqlite":
        return {name: [*_drops(connection, name), sql] for name, sql in expected.items()}
    schema = _schema(connection)
    return {
        name: [
            postgresql.create(what, schema)
            if isinstance(what, postgresql.Trigger)
            else postgresql.create_function(name.removesuffix("()"), schema)
        ]
        for name, what in expected.items()
    }


def _drops(connection: BaseDatabaseWrapper, name: str) -> list[str]:
    if connection.vendor == "sqlite":
        return [f"DROP TRIGGER IF EXISTS {sqlite.quoted(name)}"]
    if " on " not in name:
        return []  # A function stays: it does nothing without its triggers.
    trigger, table = name.split(" on ", 1)
    return [f"DROP TRIGGER IF EXISTS {trigger} ON {postgresql.quoted(table)}"]


def _schema(connection: BaseDatabaseWrapper) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_schema()")
        return str(cursor.fetchone()[0])


def _columns(connection: BaseDatabaseWrapper) -> dict[str, list[sqlite.Column]]:
    """Columns of every table as the database has them: half-way through migrations the models differ."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(
                "SELECT m.name, c.name, c.type FROM sqlite_master m JOIN pragma_table_info(m.name) c "
                "WHERE m.type = 'table' ORDER BY m.name, c.cid"
            )
        elif connection.vendor == "postgresql":
            cursor.execute("SELECT tablename, '', '' FROM pg_tables WHERE schemaname = current_schema()")
        else:
            raise UnsupportedEngine(f"{connection.vendor}: use SQLite or PostgreSQL.")
        rows: dict[str, list[sqlite.Column]] = {}
        for table, column, kind in cursor.fetchall():
            rows.setdefault(table, []).append(sqlite.Column(column, kind))
    return rows


def current_rows(connection: BaseDatabaseWrapper, table: AuditedTable) -> Iterator[tuple[str, str]]:
    """(row id, whole row as JSON) of every row, by the same expression as in the triggers."""
    if connection.vendor == "sqlite":
        sql = sqlite.select_rows(table, _columns(connection)[table.name])
    else:
        sql = postgresql.select_rows(table)
    with connection.chunked_cursor() as cursor:
        cursor.execute(sql)
        while rows := cursor.fetchmany(5_000):
            yield from rows
