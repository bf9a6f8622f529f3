"""The triggers for SQLite. Pure text: tables and columns in, SQL out.

The triggers call functions that only connections of this application have (connections.py), so any other
tool's write to an audited table fails with "no such function": nothing passes unattributed.
"""

# ruff: noqa: S608 - the SQL is made of the models' own table and column names, never of input.
from __future__ import annotations

from typing import NamedTuple

from trial.audit.registry import AuditedTable

PREFIX = "audit_"
# SQLite takes at most 127 arguments to a function: 50 columns make 100 arguments of json_object.
COLUMNS_PER_OBJECT = 50


class Column(NamedTuple):
    """A column as the database declares it."""

    name: str
    type: str


def quoted(name: str) -> str:
    """An SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """An SQL string."""
    return "'" + text.replace("'", "''") + "'"


def row_json(columns: list[Column], row: str = "") -> str:
    """The expression for a whole row as one JSON object; `row` is "NEW", "OLD" or a table's quoted name."""
    prefix = f"{row}." if row else ""
    chunks = [columns[i : i + COLUMNS_PER_OBJECT] for i in range(0, len(columns), COLUMNS_PER_OBJECT)]
    objects = [
        f"json_object({', '.join(f'{literal(c.name)}, {_value(c, prefix)}' for c in chunk)})" for chunk in chunks
    ]
    if len(objects) == 1:
        return objects[0]
    # json_patch() would drop nulls, so the objects are joined as text: without their braces.
    inner = " || ',' || ".join(f"substr({text}, 2, length({text}) - 2)" for text in objects)
    return f"'{{' || {inner} || '}}'"


def _value(column: Column, prefix: str) -> str:
    name = f"{prefix}{quoted(column.name)}"
    return f"hex({name})" if column.type.upper() == "BLOB" else name


def triggers(table: AuditedTable, columns: list[Column]) -> dict[str, str]:
    """The triggers of an audited table, by name; `columns` as they stand in the database."""
    kept = [column for column in columns if column.name not in table.excluded]
    pk = quoted(table.pk)
    changed = " OR ".join(f"OLD.{quoted(c.name)} IS NOT NEW.{quoted(c.name)}" for c in kept)
    old, new = row_json(kept, "OLD"), row_json(kept, "NEW")
    fixed_pk = (
        f"SELECT RAISE(ABORT, {literal(f'{table.name}: the primary key of a row never changes.')}) "
        f"WHERE OLD.{pk} IS NOT NEW.{pk}; "
    )
    found = {
        f"{PREFIX}{table.name}_insert": _trigger(table, "INSERT", "I", f"NEW.{pk}", "NULL", new),
        f"{PREFIX}{table.name}_update": _trigger(table, "UPDATE", "U", f"OLD.{pk}", old, new, changed, fixed_pk),
        f"{PREFIX}{table.name}_delete": _trigger(table, "DELETE", "D", f"OLD.{pk}", old, "NULL"),
    }
    if table.is_append_only:
        found |= fixed_rows(table.name)
    if table.is_kept:
        found[f"{PREFIX}{table.name}_keep"] = _keep(table)
    return found


def fixed_rows(table: str) -> dict[str, str]:
    """The triggers that refuse every change of a row, by name; REPLACE is a DELETE to them."""
    found = {}
    for event in ("UPDATE", "DELETE"):
        name = f"{PREFIX}fixed_{table}_{event.lower()}"
        refusal = literal(f"{table} is append-only: {event} refused.")
        found[name] = (
            f"CREATE TRIGGER {quoted(name)} BEFORE {event} ON {quoted(table)} FOR EACH ROW "
            f"BEGIN SELECT RAISE(ABORT, {refusal}); END"
        )
    return found


def _keep(table: AuditedTable) -> str:
    name, refusal = quoted(f"{PREFIX}{table.name}_keep"), literal(f"{table.name}: a row is never deleted.")
    return (
        f"CREATE TRIGGER {name} BEFORE DELETE ON {quoted(table.name)} FOR EACH ROW "
        f"BEGIN SELECT RAISE(ABORT, {refusal}); END"
    )


def select_rows(table: AuditedTable, columns: list[Column]) -> str:
    """The query for (row id, row as JSON) of every row of a table."""
    kept = [column for column in columns if column.name not in table.excluded]
    return f"SELECT CAST({quoted(table.pk)} AS TEXT), {row_json(kept)} FROM {quoted(table.name)}"


def _trigger(
    table: AuditedTable, event: str, op: str, pk: str, old: str, new: str, when: str = "", first: str = ""
) -> str:
    name = quoted(f"{PREFIX}{table.name}_{event.lower()}")
    refusal = literal(f"{table.name}: no actor. Write through trial.audit.context.audited(actor, reason).")
    row = f"{literal(table.name)}, CAST({pk} AS TEXT), '{op}'"
    return (
        f"CREATE TRIGGER {name} AFTER {event} ON {quoted(table.name)} FOR EACH ROW "
        + (f"WHEN {when} " if when else "")
        # app_begin_entry() fixes actor, reason and time for the statement after it, so that the hash is
        # over the same time as the column however SQLite orders the evaluation.
        + f"BEGIN {first}SELECT RAISE(ABORT, {refusal}) WHERE app_begin_entry() IS NULL; "
        "INSERT INTO audit_entry "
        "(table_name, row_id, op, at, actor, reason, old, new, transaction_id, hash) "
        f"VALUES ({row}, app_now(), app_actor(), app_reason(), {old}, {new}, 0, "
        f"app_entry_hash({row}, {old}, {new})); END"
    )


def guards() -> dict[str, str]:
    """The triggers that protect the trail itself, by name."""
    found = {}
    for table in ("audit_entry", "audit_seal"):
        for event in ("UPDATE", "DELETE"):
            name = f"{PREFIX}guard_{table}_{event.lower()}"
            refusal = literal(f"{table} is append-only: {event} refused.")
            found[name] = (
                f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW "
                f"BEGIN SELECT RAISE(ABORT, {refusal}); END"
            )
    # REPLACE passes the DELETE trigger where recursive_triggers is off, so an existing key is refused too.
    return found | {
        f"{PREFIX}guard_audit_entry_insert": (
            f"CREATE TRIGGER {PREFIX}guard_audit_entry_insert BEFORE INSERT ON audit_entry FOR EACH ROW BEGIN "
            "SELECT RAISE(ABORT, 'audit_entry is append-only: REPLACE refused.') "
            "WHERE EXISTS (SELECT 1 FROM audit_entry WHERE id = NEW.id); "
            "SELECT RAISE(ABORT, 'audit_entry is written by triggers only: INSERT refused.') "
            "WHERE app_entry_expected(NEW.hash) IS NOT 1; END"
        ),
        f"{PREFIX}guard_audit_seal_insert": (
            f"CREATE TRIGGER {PREFIX}guard_audit_seal_insert BEFORE INSERT ON audit_seal FOR EACH ROW BEGIN "
            "SELECT RAISE(ABORT, 'audit_seal is append-only: REPLACE refused.') "
            "WHERE EXISTS (SELECT 1 FROM audit_seal WHERE seq = NEW.seq OR entry_id = NEW.entry_id); "
            "SELECT RAISE(ABORT, 'audit_seal is written by trial.audit.services.seal() only: INSERT refused.') "
            "WHERE app_sealing() IS NOT 1; END"
        ),
    }
