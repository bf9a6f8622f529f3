"""What the triggers refuse, as one exception with words, whichever way the write came."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from django.db import Error, IntegrityError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.transaction import TransactionManagementError

from trial.locks.wording import words_of
from trial.records.services import RecordError

_refused: ContextVar[bool] = ContextVar("locks_refused", default=False)
MARK = "locked: "
UNKNOWN = "This is locked, so nothing was changed."


class RecordLocked(RecordError):
    """The visit, the participant or the trial of a row is locked; nothing was written.

    kind: visit, participant or trial. key: its primary key as the database has it. In words once the transaction
    that was refused is over: what is locked, since when, by whom, and how it is unlocked.
    """

    def __init__(self, kind: str, key: str) -> None:
        super().__init__(kind, key)
        self.kind, self.key = kind, key
        self._words = ""

    def __str__(self) -> str:
        if not self._words:
            try:
                self._words = words_of(self.kind, self.key)
            except (Error, TransactionManagementError):  # asked inside the transaction that is broken
                return UNKNOWN
        return self._words


def forget_refusal() -> None:
    """Begin anew: nothing was refused in this request."""
    _refused.set(False)


def was_refused() -> bool:
    """Whether a lock refused something since `forget_refusal`."""
    return _refused.get()


class LastRefusal:
    """What a trigger of one SQLite connection refused last: its key, which RAISE cannot hand over."""

    def __init__(self) -> None:
        self.key = ""

    def note(self, kind: str, key: object) -> int:
        """Keep the key; the trigger refuses next."""
        self.key = str(key)
        return 1


Execute = Callable[[str, Any, bool, dict[str, Any]], Any]


class Translation:
    """Wraps every statement of a connection, and turns a trigger's refusal into RecordLocked."""

    def __init__(self, last: LastRefusal) -> None:
        self.last = last

    def __call__(self, execute: Execute, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        """Do the statement; raises RecordLocked, or whatever it raises."""
        try:
            return execute(sql, params, many, context)
        except IntegrityError as refused:
            words = str(refused)
            if not words.startswith(MARK):
                raise
            _refused.set(True)
            kind = words.removeprefix(MARK).split(maxsplit=1)[0]
            raise RecordLocked(kind, self.last.key or _detail(refused)) from refused


def _detail(refused: IntegrityError) -> str:
    """The key that PostgreSQL's trigger handed over."""
    return str(refused.__cause__.diag.message_detail)  # type: ignore[union-attr]


def prepare(connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Receiver of connection_created: the words of a refusal, and for SQLite the function that its triggers call."""
    last = LastRefusal()
    if connection.vendor == "sqlite":
        raw: sqlite3.Connection = connection.connection
        raw.create_function("app_locked", 2, last.note)
    others = [one for one in connection.execute_wrappers if not isinstance(one, Translation)]
    # First in the list, for `execute_wrapper()` takes the last one away again.
    connection.execute_wrappers[:] = [Translation(last), *others]
