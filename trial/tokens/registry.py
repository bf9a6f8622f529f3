"""Which actions a token can be given: those that an operation of the interface asks for."""

from __future__ import annotations

_offered: set[str] = set()


def offer(action: str) -> None:
    """Note that an operation asks for an action."""
    _offered.add(action)


def offered_actions() -> frozenset[str]:
    """The actions that some operation asks for."""
    return frozenset(_offered)
