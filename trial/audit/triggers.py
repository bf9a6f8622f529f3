"""Installing the triggers, and finding out which are missing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from trial.audit import postgresql, sqlite
from trial.audit.connections import installing
from trial.audit.registry import AuditedTable, audited_tables
from trial.audit.trigger_sets import Columns, TriggerSet, registered

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
    """Drop every trigger of every set: before a migration that alters tables, never while serving."""
    with installing(), transaction.atomic(connection.alias), connection.cursor() as cursor:
        for name in _installed(connection):
            for statement in _drops(connection, name):
                cursor.execute(statement)


def missing(connection: BaseDatabaseWrapper) -> list[str]:
    """Names of the triggers that are absent, disabled or altered; empty before the trail's tables exist."""
    expected, found = _expected(connection), _installed(connection)
    return [name for name, definition in expected.items() if found.get(name) != definition]


def trail_on_sqlite(columns: Columns) -> dict[str, str]:
    """The trail's own triggers for SQLite; none before its tables exist."""
    if not all(table in columns for table in TRAIL):
        return {}
    wanted = dict(sqlite.guards())
    for table in audited_tables():
        if table.name in columns:
            wanted |= sqlite.triggers(table, columns[table.name])
    return wanted


def trail_on_postgresql(columns: Columns) -> list[postgresql.Trigger]:
    """The trail's own triggers for PostgreSQL; none before its tables exist."""
    if not all(table in columns for table in TRAIL):
        return []
    tables = [table for table in audited_tables() if table.name in columns]
    return [*postgresql.GUARDS, *(trigger for table in tables for trigger in postgresql.row_triggers(table))]


TRAIL_SET = TriggerSet(sqlite.PREFIX, trail_on_sqlite, trail_on_postgresql, postgresql.FUNCTIONS)


def _expected(connection: BaseDatabaseWrapper) -> dict[str, Any]:
    columns = _columns(connection)
    wanted: dict[str, Any] = {}
    for one in registered():
        if connection.vendor == "sqlite":
            wanted |= one.sqlite(columns)
        elif triggers := one.postgresql(columns):
            wanted |= {f"{name}()": body for name, body in one.functions.items()}
            wanted |= {f"{trigger.name} on {trigger.table}": trigger for trigger in triggers}
    return wanted


def _installed(connection: BaseDatabaseWrapper) -> dict[str, Any]:
    prefixes = tuple(one.prefix for one in registered())
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
            return {name: sql for name, sql in cursor.fetchall() if name.startswith(prefixes)}
        cursor.execute(postgresql.INSTALLED_FUNCTIONS, [list(_functions())])
        found: dict[str, Any] = {f"{name}()": body for name, body in cursor.fetchall()}
        cursor.execute(postgresql.INSTALLED_TRIGGERS, [])
        for name, table, function, kind, arguments in cursor.fetchall():
            if name.startswith(prefixes):
                given = tuple(arguments.split("\\000")[:-1])
                found[f"{name} on {table}"] = postgresql.Trigger(name, table, function, kind, given)
    return found


def _functions() -> dict[str, str]:
    return {name: body for one in registered() for name, body in one.functions.items()}


def _statements(connection: BaseDatabaseWrapper) -> dict[str, list[str]]:
    expected = _expected(connection)
    if connection.vendor == "sqlite":
        return {name: [*_drops(connection, name), sql] for name, sql in expected.items()}
    schema, functions = _schema(connection), _functions()
    return {
        name: [
            postgresql.create(what, schema)
            if isinstance(what, postgresql.Trigger)
            else postgresql.create_function(name.removesuffix("()"), functions[name.removesuffix("()")], schema)
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


# PostgreSQL's triggers read a row by themselves: the names of its tables are enough.
COLUMN_QUERIES = {
    "sqlite": (
        "SELECT m.name, c.name, c.type FROM sqlite_master m JOIN pragma_table_info(m.name) c "
        "WHERE m.type = 'table' ORDER BY m.name, c.cid"
    ),
    "postgresql": "SELECT tablename, '', '' FROM pg_tables WHERE schemaname = current_schema()",
}


def _columns(connection: BaseDatabaseWrapper) -> dict[str, list[sqlite.Column]]:
    """Columns of every table as the database has them: half-way through migrations the models differ."""
    if connection.vendor not in COLUMN_QUERIES:
        raise UnsupportedEngine(f"{connection.vendor}: use SQLite or PostgreSQL.")
    with connection.cursor() as cursor:
        cursor.execute(COLUMN_QUERIES[connection.vendor])
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
