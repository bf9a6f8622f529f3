"""Who writes, and why. Every write to an audited table happens inside `audited()`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple, Protocol

from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

SYSTEM = "system:"


class HasUsername(Protocol):
    """What the audit trail needs of an account."""

    def get_username(self) -> str: ...


class Attribution(NamedTuple):
    """The actor and the reason that the triggers write into an entry."""

    actor: str
    reason: str


_current: ContextVar[Attribution | None] = ContextVar("audit_attribution", default=None)


class AttributionError(ValueError):
    """A write was begun without a proper actor or reason."""


def current() -> Attribution | None:
    """The attribution of the innermost open `audited()` block, or None."""
    return _current.get()


def attribution(actor: HasUsername | str, reason: str) -> Attribution:
    """Check and name the actor and the reason; raises AttributionError."""
    name = actor if isinstance(actor, str) else actor.get_username()
    if isinstance(actor, str) and not (name.startswith(SYSTEM) and name[len(SYSTEM) :].strip()):
        raise AttributionError(
            f"{name!r} is no actor: pass the signed-in user, or 'system:<task>' for work of the system."
        )
    if not isinstance(actor, str) and (not name.strip() or name.startswith(SYSTEM)):
        raise AttributionError(f"{name!r} is no user's name: pass a signed-in user with a username of their own.")
    if not reason.strip():
        raise AttributionError(f"{name} gave no reason: say in a few words why the data change.")
    return Attribution(name, reason.strip())


@contextmanager
def audited(actor: HasUsername | str, reason: str, *, using: str = DEFAULT_DB_ALIAS) -> Iterator[Attribution]:
    """Attribute every write inside to `actor` and `reason`, in one transaction.

    Nested blocks: the inner attribution holds inside the inner block, the outer one again after it.
    Raises AttributionError for an empty actor or a blank reason, before anything is written.
    """
    who = attribution(actor, reason)
    connection = connections[using]
    outer, nested = _current.get(), connection.in_atomic_block
    with transaction.atomic(using):
        token = _current.set(who)
        try:
            announce(connection, who, local=True)
            yield who
        finally:
            _current.reset(token)
        # A failed block needs no restoring: rolling back to the savepoint restores the setting as well.
        if nested and not connection.needs_rollback:
            announce(connection, outer, local=True)


def announce(connection: BaseDatabaseWrapper, who: Attribution | None, *, local: bool) -> None:
    """Tell PostgreSQL who writes, until the transaction (local) or the session ends.

    SQLite needs no telling: its triggers ask this module through functions of the connection.
    """
    if connection.vendor != "postgresql":
        return
    actor, reason = who or ("", "")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('app.actor', %s, %s), set_config('app.reason', %s, %s)",
            [actor, local, reason, local],
        )


@contextmanager
def session_attribution(connection: BaseDatabaseWrapper, actor: str, reason: str) -> Iterator[None]:
    """Attribute a whole session outside any transaction of ours: what a migration needs."""
    who = attribution(actor, reason)
    token = _current.set(who)
    announce(connection, who, local=False)
    try:
        yield
    finally:
        _current.reset(token)
        announce(connection, None, local=False)
