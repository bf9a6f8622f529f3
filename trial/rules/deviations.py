"""Departures from the protocol, classed and put into words.

"Important" follows ICH E6(R3): it may affect the participant's rights, safety or wellbeing, or the
reliability of the data. A deviation describes what happened; it never refuses to record it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Literal
from zoneinfo import ZoneInfo

from trial.protocol import Protocol
from trial.protocol.values import Number
from trial.rules.schedule import Window, utc, visit_state
from trial.rules.verdict import Verdict

Kind = Literal["window", "missed", "order", "consent", "eligibility", "limit", "late entry"]


@dataclass(frozen=True)
class Deviation:
    """One departure; `key` is the dotted key of the protocol value departed from, if one decided."""

    kind: Kind
    important: bool
    description: str
    visit: str = ""
    key: str = ""

    @property
    def ground(self) -> str:
        """What it departs from: the protocol's key, else the rule by its kind, of a visit where it names one."""
        return self.key or (f"{self.kind}: {self.visit}" if self.visit else self.kind)


def window_deviation(window: Window | None, held_at: datetime, zone: ZoneInfo) -> Deviation | None:
    """A visit held before its window opened or after it closed; a provisional window binds no one."""
    if window is None or window.provisional:
        return None
    state = visit_state(window, held_at, held_at)
    if state == "in window":
        return None
    bound = window.visit.before if state == "early" else window.visit.after
    edge = f"opened {_local(window.opens, zone)}" if state == "early" else f"closed {_local(window.closes, zone)}"
    description = f"{window.visit.label} was held {_local(held_at, zone)}, {state}: the window {edge}."
    return Deviation("window", _important(window), description, window.visit.code, bound.key)


def missed_deviation(window: Window | None, now: datetime, zone: ZoneInfo) -> Deviation | None:
    """A visit that was not held before its window closed."""
    if window is None or window.provisional or visit_state(window, now) != "missed":
        return None
    description = f"{window.visit.label} was not held; its window closed {_local(window.closes, zone)}."
    return Deviation("missed", _important(window), description, window.visit.code, window.visit.after.key)


def order_deviations(protocol: Protocol, held: Mapping[str, datetime], zone: ZoneInfo) -> tuple[Deviation, ...]:
    """Visits of one schedule held before the visit that goes before them; held: visit code to instant."""
    if unknown := sorted(set(held) - set(protocol.visits)):
        raise ValueError(f"Visits {unknown} are not in the protocol {protocol.id}; correct their codes.")
    found = []
    for schedule in ("clinic", "phone", "imaging"):
        visits = [v for v in protocol.visits.values() if v.schedule == schedule and v.code in held]
        for earlier, later in pairwise(visits):
            if utc(held[later.code]) < utc(held[earlier.code]):
                description = (
                    f"{later.label} was held {_local(held[later.code], zone)}, "
                    f"before {earlier.label} ({_local(held[earlier.code], zone)})."
                )
                found.append(Deviation("order", False, description, later.code))
    return tuple(found)


def consent_deviation(
    procedure: str, performed_at: datetime, consented_at: datetime | None, zone: ZoneInfo
) -> Deviation | None:
    """A study procedure performed without consent or before it."""
    if consented_at is not None and utc(consented_at) <= utc(performed_at):
        return None
    consent = "no consent is recorded" if consented_at is None else f"consent was given {_local(consented_at, zone)}"
    return Deviation("consent", True, f"{procedure} was performed {_local(performed_at, zone)}, but {consent}.")


def eligibility_deviation(verdict: Verdict) -> Deviation | None:
    """An infusion started in someone the criteria did not admit."""
    if verdict.ok:
        return None
    return Deviation("eligibility", True, f"The infusion started without eligibility. {verdict.why}", key=verdict.key)


def limit_deviation(verdict: Verdict, what: str, at: datetime, zone: ZoneInfo) -> Deviation | None:
    """Something done outside a limit: important beyond a hard limit, minor beyond a soft one."""
    if verdict.ok:
        return None
    description = f"{what} at {_local(at, zone)}: {verdict.why}."
    return Deviation("limit", verdict.severity == "hard", description, key=verdict.key)


def late_after(protocol: Protocol, kind: str) -> Number:
    """After which time an entry about a kind of observation is late; one time for all where kinds are not stated."""
    return (protocol.records.lateness or {}).get(kind, protocol.records.late_after)


def is_late(protocol: Protocol, kind: str, occurred_at: datetime, entered_at: datetime) -> bool:
    """Whether a record was entered longer after it occurred than the protocol allows for its kind of observation."""
    return utc(entered_at) - utc(occurred_at) > late_after(protocol, kind).elapsed


def late_entry_deviation(
    protocol: Protocol, what: str, occurred_at: datetime, entered_at: datetime, zone: ZoneInfo, kind: str = ""
) -> Deviation | None:
    """A record entered longer after it occurred than the protocol allows for its *kind* of observation."""
    if not is_late(protocol, kind, occurred_at, entered_at):
        return None
    limit = late_after(protocol, kind)
    description = (
        f"{what} occurred {_local(occurred_at, zone)} and was entered {_local(entered_at, zone)}, "
        f"more than {limit.text} {limit.unit} later."
    )
    return Deviation("late entry", False, description, key=limit.key)


def _important(window: Window) -> bool:
    """Visits that carry MADRS carry the primary outcome and the watch over suicidal thoughts."""
    return "madrs" in window.visit.instruments.codes


def _local(at: datetime, zone: ZoneInfo) -> str:
    return utc(at).astimezone(zone).strftime("%Y-%m-%d %H:%M")
