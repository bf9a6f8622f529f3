"""The triggers for PostgreSQL 15 and later. Pure text, but for reading what is installed.

Functions run as the owner of the schema (SECURITY DEFINER), so a role that serves the application needs no
right to write the trail. Triggers are ENABLE ALWAYS, so session_replication_role does not pass them.
"""

from __future__ import annotations

from typing import NamedTuple

from trial.audit.registry import AuditedTable

# Bits of pg_trigger.tgtype.
ROW, BEFORE, INSERT, DELETE, UPDATE, TRUNCATE = 1, 2, 4, 8, 16, 32


class Trigger(NamedTuple):
    """A trigger as pg_trigger describes it; `kind` is tgtype."""

    name: str
    table: str
    function: str
    kind: int
    arguments: tuple[str, ...] = ()


def quoted(name: str) -> str:
    """An SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """An SQL string."""
    return "'" + text.replace("'", "''") + "'"


def row_triggers(table: AuditedTable) -> list[Trigger]:
    """The triggers of an audited table."""
    excluded = tuple(sorted(table.excluded))
    found = [
        Trigger("audit_row", table.name, "audit_row_change", ROW | INSERT | UPDATE | DELETE, (table.pk, *excluded)),
        Trigger("audit_no_truncate", table.name, "audit_refuse", BEFORE | TRUNCATE),
    ]
    if table.is_kept:
        found.append(Trigger("audit_keep", table.name, "audit_refuse_delete", ROW | BEFORE | DELETE))
    if table.is_append_only:
        found.append(Trigger("audit_fixed_rows", table.name, "audit_refuse", BEFORE | UPDATE | DELETE))
    return found


GUARDS = [
    Trigger("audit_guard_insert", "audit_entry", "audit_refuse_forged", ROW | BEFORE | INSERT),
    Trigger("audit_guard_insert", "audit_seal", "audit_refuse_forged", ROW | BEFORE | INSERT),
    Trigger("audit_guard_change", "audit_entry", "audit_refuse", BEFORE | UPDATE | DELETE | TRUNCATE),
    Trigger("audit_guard_change", "audit_seal", "audit_refuse", BEFORE | UPDATE | DELETE | TRUNCATE),
]


def select_rows(table: AuditedTable) -> str:
    """The query for (row id, row as JSON) of every row of a table."""
    hidden = ", ".join(literal(column) for column in sorted(table.excluded))
    return (
        f"SELECT kept ->> {literal(table.pk)}, kept::text FROM "  # noqa: S608
        f"(SELECT to_jsonb(t) - ARRAY[{hidden}]::text[] AS kept FROM {quoted(table.name)} t) AS k"
    )


def create(trigger: Trigger, schema: str) -> str:
    """The statements that (re)create one trigger."""
    table = f"{quoted(schema)}.{quoted(trigger.table)}"
    events = {INSERT: "INSERT", DELETE: "DELETE", UPDATE: "UPDATE", TRUNCATE: "TRUNCATE"}
    words = " OR ".join(word for bit, word in events.items() if trigger.kind & bit)
    time = "BEFORE" if trigger.kind & BEFORE else "AFTER"
    level = "ROW" if trigger.kind & ROW else "STATEMENT"
    arguments = ", ".join(literal(argument) for argument in trigger.arguments)
    return (
        f"DROP TRIGGER IF EXISTS {trigger.name} ON {table}; "
        f"CREATE TRIGGER {trigger.name} {time} {words} ON {table} FOR EACH {level} "
        f"EXECUTE FUNCTION {quoted(schema)}.{trigger.function}({arguments}); "
        f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {trigger.name}"
    )


# Both rows are compared as text: jsonb calls 1.0 and 1.00 equal, and a changed scale is a change.
_ROW_CHANGE = """
DECLARE
    hidden text[] := TG_ARGV[1:];
    before jsonb;
    after jsonb;
    was text;
    becomes text;
    row_key text;
    who text := nullif(current_setting('app.actor', true), '');
    why text := nullif(current_setting('app.reason', true), '');
    moment text := to_char(clock_timestamp(), 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');
    xid text := pg_current_xact_id()::text;
    part text;
    framed text := '';
BEGIN
    IF TG_OP <> 'INSERT' THEN
        before := to_jsonb(OLD) - hidden;
        was := before::text;
        row_key := before ->> TG_ARGV[0];
    END IF;
    IF TG_OP <> 'DELETE' THEN
        after := to_jsonb(NEW) - hidden;
        becomes := after::text;
        row_key := after ->> TG_ARGV[0];
    END IF;
    IF TG_OP = 'UPDATE' THEN
        IF was = becomes THEN
            RETURN NULL;
        END IF;
        IF before -> TG_ARGV[0] IS DISTINCT FROM after -> TG_ARGV[0] THEN
            RAISE EXCEPTION '%: the primary key of a row never changes.', TG_TABLE_NAME
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
    END IF;
    IF who IS NULL OR why IS NULL THEN
        RAISE EXCEPTION '%: no actor. Write through trial.audit.context.audited(actor, reason).',
            TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    FOREACH part IN ARRAY
        ARRAY[TG_TABLE_NAME::text, row_key, left(TG_OP, 1), moment, who, why, was, becomes, xid]
    LOOP
        framed := framed || CASE WHEN part IS NULL THEN ',-'
            ELSE ',' || octet_length(convert_to(part, 'UTF8')) || ':' || part END;
    END LOOP;
    INSERT INTO audit_entry (table_name, row_id, op, at, actor, reason, old, new, transaction_id, hash)
    VALUES (TG_TABLE_NAME, row_key, left(TG_OP, 1), moment, who, why, was, becomes, xid::bigint,
            encode(sha256(convert_to(substr(framed, 2), 'UTF8')), 'hex'));
    RETURN NULL;
END
"""

_REFUSE = """
BEGIN
    RAISE EXCEPTION '%: % refused. The audit trail and signatures are append-only; audited tables are never truncated.',
        TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';
END
"""

_REFUSE_DELETE = """
BEGIN
    RAISE EXCEPTION '%: a row is never deleted.', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END
"""

# An entry comes from the row trigger, one level up; a seal from the sealer, which says so.
_REFUSE_FORGED = """
BEGIN
    IF TG_TABLE_NAME = 'audit_entry' AND pg_trigger_depth() < 2 THEN
        RAISE EXCEPTION 'audit_entry is written by triggers only: INSERT refused.'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF TG_TABLE_NAME = 'audit_seal' AND coalesce(current_setting('app.sealing', true), '') <> 'on' THEN
        RAISE EXCEPTION 'audit_seal is written by trial.audit.services.seal() only: INSERT refused.'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
"""

FUNCTIONS = {
    "audit_row_change": _ROW_CHANGE,
    "audit_refuse": _REFUSE,
    "audit_refuse_delete": _REFUSE_DELETE,
    "audit_refuse_forged": _REFUSE_FORGED,
}


def create_function(name: str, body: str, schema: str) -> str:
    """CREATE OR REPLACE FUNCTION for the body of a trigger function.

    pg_temp comes last in the path: a temporary table must not pose as the trail. UTC fixes how times with
    a zone are written into the JSON.
    """
    return (
        f"CREATE OR REPLACE FUNCTION {quoted(schema)}.{name}() RETURNS trigger LANGUAGE plpgsql "
        f"SECURITY DEFINER SET search_path = {quoted(schema)}, pg_temp SET \"TimeZone\" = 'UTC' "
        f"AS $audit${body}$audit$"
    )


INSTALLED_FUNCTIONS = """
SELECT proname, prosrc FROM pg_proc
WHERE pronamespace = current_schema()::regnamespace AND proname = ANY(%s) AND prosecdef
"""

# A trigger with a WHEN clause or not enabled ALWAYS counts as absent: it would let writes pass.
INSTALLED_TRIGGERS = """
SELECT t.tgname, c.relname, p.proname, t.tgtype::int, encode(t.tgargs, 'escape')
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
WHERE c.relnamespace = current_schema()::regnamespace AND NOT t.tgisinternal
  AND t.tgenabled = 'A' AND t.tgqual IS NULL
"""
