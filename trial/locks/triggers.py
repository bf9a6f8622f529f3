"""The locks' part of the one trigger mechanism (trial/audit/trigger_sets.py)."""

from __future__ import annotations

from trial.audit.postgresql import Trigger
from trial.audit.trigger_sets import Columns, TriggerSet
from trial.locks import postgresql, sqlite
from trial.locks.registry import LockedTable, locked_tables

CLOSED = frozenset(postgresql.STATES)
NEEDED = (
    *postgresql.STATES,
    "locks_lockchange",
    "signatures_signature",
    "participants_visit",
    "participants_participant",
)


def closed_tables(columns: Columns) -> list[LockedTable]:
    """The tables there are that locks close; none before the lock states have theirs."""
    if not all(name in columns for name in NEEDED):
        return []
    return [table for table in locked_tables() if table.name in columns]


def on_sqlite(columns: Columns) -> dict[str, str]:
    """The triggers for SQLite by name."""
    tables = closed_tables(columns)
    wanted = {**sqlite.states(), **sqlite.guards()} if tables else {}
    for table in tables:
        wanted |= sqlite.refusals(table)
    return wanted


def on_postgresql(columns: Columns) -> list[Trigger]:
    """The triggers for PostgreSQL."""
    tables = closed_tables(columns)
    return [*postgresql.GUARDS, *(postgresql.refusal(table) for table in tables)] if tables else []


def states_alone() -> frozenset[str]:
    """The tables that nobody but the triggers writes to."""
    return CLOSED


LOCKS_SET = TriggerSet(sqlite.PREFIX, on_sqlite, on_postgresql, postgresql.FUNCTIONS, states_alone)
