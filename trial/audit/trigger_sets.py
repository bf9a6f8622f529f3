"""Who has triggers in the database: each app hands its set in, and one mechanism installs and watches them all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from trial.audit import postgresql, sqlite

Columns = Mapping[str, list[sqlite.Column]]


def none_closed() -> frozenset[str]:
    """No table is closed."""
    return frozenset()


class TriggerSet(NamedTuple):
    """The triggers of one app, for both engines.

    prefix: how the name of each of its triggers and functions begins. sqlite: from the columns of every table of the
    database to the statements, by trigger name. postgresql: from the same to the triggers; functions are their bodies
    by name. Both give nothing while the tables they need are not there. closed: tables that SQLite's authorizer lets
    nobody write to but the triggers of this set.
    """

    prefix: str
    sqlite: Callable[[Columns], dict[str, str]]
    postgresql: Callable[[Columns], list[postgresql.Trigger]]
    functions: Mapping[str, str]
    closed: Callable[[], frozenset[str]] = none_closed


_sets: dict[str, TriggerSet] = {}


def register(found: TriggerSet) -> None:
    """Hand a set in, from `AppConfig.ready()`; a second one of the same prefix takes the place of the first."""
    _sets[found.prefix] = found


def registered() -> tuple[TriggerSet, ...]:
    """Every set, in the order they were handed in."""
    return tuple(_sets.values())


def is_of_a_set(name: str) -> bool:
    """Whether a trigger's name belongs to a set."""
    return name.startswith(tuple(_sets))


def keeper_of(table: str) -> str | None:
    """The prefix of the set whose triggers alone may write to a table, or None for an open table."""
    return next((one.prefix for one in _sets.values() if table in one.closed()), None)
