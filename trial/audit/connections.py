"""What each SQLite connection of the application carries: functions for the triggers, and an authorizer.

The authorizer refuses, when a statement is prepared, what no trigger can refuse: an INSERT into the trail
that does not come from a trigger, dropping a trigger or the trail, and switching the protections off.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from trial.audit.canonical import entry_hash
from trial.audit.context import Attribution, current
from trial.audit.sqlite import PREFIX
from trial.audit.trigger_sets import is_of_a_set, keeper_of

TRAIL = frozenset({"audit_entry", "audit_seal"})
GUARDED_PRAGMAS = frozenset({"recursive_triggers", "writable_schema"})
# Functions that only a trigger may call: called at top level they would prepare a forged entry.
TRIGGER_FUNCTIONS = frozenset({"app_begin_entry", "app_entry_hash", "app_entry_expected"})

_installing: ContextVar[bool] = ContextVar("audit_installing", default=False)
_sealing: ContextVar[bool] = ContextVar("audit_sealing", default=False)


@contextmanager
def _raised(flag: ContextVar[bool]) -> Iterator[None]:
    token = flag.set(True)
    try:
        yield
    finally:
        flag.reset(token)


@contextmanager
def installing() -> Iterator[None]:
    """Inside, triggers and the trail's tables may be created and dropped: migrations only."""
    with _raised(_installing):
        yield


def is_installing() -> bool:
    """True inside `installing()`."""
    return _installing.get()


@contextmanager
def sealing() -> Iterator[None]:
    """Inside, seals may be inserted: the sealer only."""
    with _raised(_sealing):
        yield


def now_text() -> str:
    """The server's time as entries hold it: UTC, microseconds, closing Z."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class EntryInTheMaking:
    """Attribution, time and hash of the entry that a trigger of this connection is writing."""

    def __init__(self) -> None:
        self.who = Attribution("", "")
        self.at = ""
        self.expected: str | None = None

    def begin(self) -> str | None:
        """Fix who and when; None, on which the trigger refuses, outside `audited()`."""
        who = current()
        if who is None:
            return None
        self.who, self.at = who, now_text()
        return who.actor

    def hash(self, table: str, row: str, op: str, old: str | None, new: str | None) -> str:
        """The hash of the entry begun last."""
        self.expected = entry_hash(table, row, op, self.at, self.who.actor, self.who.reason, old, new, "0")
        return self.expected

    def is_expected(self, hashed: str) -> int:
        """1 once for the hash computed last; every other row in audit_entry is forged."""
        expected, self.expected = self.expected, None
        return int(expected is not None and expected == hashed)


def prepare(connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Receiver of connection_created."""
    if connection.vendor != "sqlite":
        return
    raw: sqlite3.Connection = connection.connection
    entry = EntryInTheMaking()
    raw.create_function("app_begin_entry", 0, entry.begin)
    raw.create_function("app_now", 0, lambda: entry.at)
    raw.create_function("app_actor", 0, lambda: entry.who.actor)
    raw.create_function("app_reason", 0, lambda: entry.who.reason)
    raw.create_function("app_entry_hash", 5, entry.hash)
    raw.create_function("app_entry_expected", 1, entry.is_expected)
    raw.create_function("app_sealing", 0, lambda: int(_sealing.get()))
    # Without it REPLACE deletes rows past the DELETE triggers.
    raw.execute("PRAGMA recursive_triggers = ON")
    raw.set_authorizer(authorize)


def authorize(action: int, first: str | None, second: str | None, _: str | None, trigger: str | None) -> int:
    """SQLite's authorizer: called while a statement is prepared, for each thing it would do."""
    check = _REFUSALS.get(action)
    if check is None or not check(first or "", second, trigger) or _installing.get():
        return sqlite3.SQLITE_OK
    return sqlite3.SQLITE_DENY


def _writes_trail(table: str, _: str | None, trigger: str | None) -> bool:
    # The seal's own guard decides about INSERTs at run time; here only the entries are closed.
    if table == "audit_entry":
        return not (trigger or "").startswith(PREFIX)
    return _is_closed(table, _, trigger)


def _changes_kept(table: str, _: str | None, trigger: str | None) -> bool:
    return table in TRAIL or _is_closed(table, _, trigger)


def _is_closed(table: str, _: str | None, trigger: str | None) -> bool:
    keeper = keeper_of(table)
    return keeper is not None and not (trigger or "").startswith(keeper)


def _is_ours(name: str, _: str | None, __: str | None) -> bool:
    return is_of_a_set(name)


def _is_kept(table: str, _: str | None, __: str | None) -> bool:
    return table in TRAIL or keeper_of(table) is not None


def _alters_kept(_: str, table: str | None, __: str | None) -> bool:
    return _is_kept(table or "", None, None)


def _sets_pragma(name: str, value: str | None, _: str | None) -> bool:
    return value is not None and name.lower() in GUARDED_PRAGMAS


def _calls_from_outside(_: str, function: str | None, trigger: str | None) -> bool:
    return function in TRIGGER_FUNCTIONS and not (trigger or "").startswith(PREFIX)


_REFUSALS = {
    sqlite3.SQLITE_INSERT: _writes_trail,
    sqlite3.SQLITE_UPDATE: _changes_kept,
    sqlite3.SQLITE_DELETE: _changes_kept,
    sqlite3.SQLITE_DROP_TABLE: _is_kept,
    sqlite3.SQLITE_ALTER_TABLE: _alters_kept,
    sqlite3.SQLITE_DROP_TRIGGER: _is_ours,
    sqlite3.SQLITE_CREATE_TRIGGER: _is_ours,
    sqlite3.SQLITE_CREATE_TEMP_TRIGGER: _is_ours,
    sqlite3.SQLITE_PRAGMA: _sets_pragma,
    sqlite3.SQLITE_FUNCTION: _calls_from_outside,
}
