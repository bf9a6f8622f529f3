"""Named events that go up in the same transaction, and providers that siblings read each other by.

A name is declared here with its meaning; handlers and providers register from ``AppConfig.ready()``.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

EVENTS: dict[str, str] = {
    "deviation.found": "A departure from the protocol below the safety app: participant, visit, actor, kind (a "
    "Deviation.Kind value), summary, occurred_at, source (the record it is about).",
    "assessment.recorded": "An instrument was scored or corrected: assessment, actor.",
}

PROVIDERS: dict[str, str] = {
    "infusion.times": "Start and end of an infusion: participant -> InfusionTimes(started_at, ended_at) or None.",
    "assessments.entry_total": "Latest total before the infusion: participant, instrument -> Decimal or None.",
}


class InfusionTimes(NamedTuple):
    """When a participant's infusion began and ended, in UTC; ``ended_at`` is None while it runs."""

    started_at: datetime
    ended_at: datetime | None


Handler = Callable[..., None]
Provider = Callable[..., Any]
_handlers: dict[str, list[Handler]] = {name: [] for name in EVENTS}
_providers: dict[str, Provider] = {}


class Unregistered(LookupError):
    """A name that nobody declared or serves."""


def handles(name: str) -> Callable[[Handler], Handler]:
    """Register the decorated function as a handler of event *name*."""

    def register(handler: Handler) -> Handler:
        if name not in EVENTS:
            raise Unregistered(f"Event {name!r} is not declared; add it with its meaning to trial/records/events.py.")
        if handler not in _handlers[name]:
            _handlers[name].append(handler)
        return handler

    return register


def emit(name: str, **payload: Any) -> None:
    """Call every handler of *name* now, in this transaction; what one raises rolls it back."""
    if name not in EVENTS:
        raise Unregistered(f"Event {name!r} is not declared; add it with its meaning to trial/records/events.py.")
    for handler in _handlers[name]:
        handler(**payload)


def handlers_of(name: str) -> tuple[Handler, ...]:
    """Return the handlers of an event, in the order they registered."""
    return tuple(_handlers[name])


def provides(name: str) -> Callable[[Provider], Provider]:
    """Register the decorated function as the one provider of *name*."""

    def register(provider: Provider) -> Provider:
        if name not in PROVIDERS:
            raise Unregistered(f"Provider {name!r} is not declared; add it to trial/records/events.py.")
        if _providers.setdefault(name, provider) is not provider:
            raise Unregistered(f"Provider {name!r} is registered twice; keep one.")
        return provider

    return register


def ask(name: str, **question: Any) -> Any:
    """Return what the provider of *name* answers."""
    if name not in _providers:
        raise Unregistered(f"Nobody provides {name!r}; register a provider in an AppConfig.ready().")
    return _providers[name](**question)
