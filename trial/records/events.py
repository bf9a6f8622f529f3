"""Named events that go up in the same transaction, and providers that siblings read each other by.

A name is declared here with its meaning; handlers and providers register from ``AppConfig.ready()``.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

EVENTS: dict[str, str] = {
    "record.saved": "A record was entered (its version is 1) or corrected: record, actor, reason. Rows made in bulk "
    "and the state of visits are not told.",
    "deviation.found": "A departure from the protocol below the safety app: participant, visit, actor, kind (a "
    "Deviation.Kind value), summary, occurred_at, source (the record it is about), ground (a key of the protocol or "
    "the name of a rule), is_important.",
    "visit.missed": "A visit was recorded as missed: visit, actor, cause (a Visit.MissedFor value, or empty), reason "
    "(in words), occurred_at (when it became known).",
    "rating.judged": "Scores are judged, of an instrument recorded or corrected, of an interview in progress, or of "
    "answers that came too late to be kept (their rating is not to be saved): rating, actor, before (the scores judged "
    "already).",
    "lock.considered": "Something is to be locked: preview (hinder() and warn() take sentences), participant, visit. "
    "A participant's lock has no visit, a freeze of the trial neither.",
    "deviations.judged": "What departs from the protocol about a record was judged anew: actor, source (the record), "
    "standing (the departures that hold, as trial.rules.deviations.Deviation), why (what changed, in words).",
}

PROVIDERS: dict[str, str] = {
    "safety.recorded_since": "What was entered or changed about safety behind a freeze: at, sites -> list of "
    "LateEvent, the latest first.",
    "deviations.open": "Records with open automatic deviations: participant, table -> frozenset of their ids.",
    "safety.sites_without_roster": "Codes of the sites, but for those of practice, where nobody was ever on call -> "
    "list of text.",
    "safety.unguarded_sites": "Codes of the sites without a roster that have participants, or of all where none has a "
    "roster -> list of text.",
    "infusion.measurements_due": "Bedside measurements of a visit not taken yet: visit -> tuple of their names.",
    "infusion.times": "Start and end of an infusion: participant -> InfusionTimes(started_at, ended_at) or None.",
    "infusion.staff": "Who entered doses, rates, levels or side effects: participant -> frozenset of account ids.",
    "infusion.exposure": "Infusions begun before an instant: sites (primary keys), until -> dict of site's primary key "
    "to Exposure; a site without one is absent.",
    "infusion.running": "How running infusions stand now: participants -> dict of participant's primary key to "
    "RunningInfusion; a participant without one is absent.",
    "protocol.is_signed": "Whether the PI and a site physician have signed a protocol version: version, sites -> True "
    "where both have at every one of the sites.",
    "queries.open_about": "Open data queries about a row or what it holds (of a visit its records, of a participant "
    "all): table (its model's label in lower case), row_id (text) -> tuple of their words. They block only the meaning "
    '"approved".',
    "assessments.missing_at": "Scales of the protocol that are not recorded at visits: visits -> dict of visit's "
    "primary key to a tuple of their names; a visit that lacks none is absent.",
    "assessments.same_rating": "The other rows of a rating, such as the interview that it came of: rating -> list of "
    "rows.",
    "assessments.entry_total": "Latest total before the infusion: participant, instrument -> Decimal or None.",
}


class InfusionTimes(NamedTuple):
    """When a participant's infusion began and ended, in UTC; ``ended_at`` is None while it runs."""

    started_at: datetime
    ended_at: datetime | None


class LateEvent(NamedTuple):
    """Something about safety recorded after a moment: whose, what, when it was, and when it was entered or changed."""

    study_id: str
    what: str
    occurred_at: datetime
    entered_at: datetime


class Exposure(NamedTuple):
    """Infusions of a site: how many began, how many were completed, and their hours, pauses included."""

    started: int
    completed: int
    hours: float


class RunningInfusion(NamedTuple):
    """How a running infusion stands: rate in mg/kg/h (0 is a pause), hours since the start, the last vital signs.

    ``vitals`` are those readings in words with units, empty where none were taken since the start; ``vitals_due_at``
    is when the next are due. ``alarm`` says what the last ones call for, empty when nothing.
    """

    started_at: datetime
    rate: Decimal
    hours: Decimal
    is_paused: bool
    vitals_at: datetime | None
    vitals: str
    vitals_due_at: datetime
    is_vitals_overdue: bool
    alarm: str


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
