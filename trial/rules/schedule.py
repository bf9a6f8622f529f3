"""When every visit is due, from the anchors of a participant, and how a visit stands.

Instants are aware; hours are elapsed hours counted in UTC, so hour 96 is 96 elapsed hours across a
change of clocks. Days are dates at the site. Windows are half-open: `closes` is already outside.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Literal
from zoneinfo import ZoneInfo

from trial.protocol import Protocol, Value, Visit
from trial.protocol.schema import Population
from trial.protocol.treatment import Anchor

State = Literal["unscheduled", "upcoming", "due", "overdue", "missed", "early", "in window", "late"]
_MICROSECONDS_PER_HOUR = 3_600_000_000


@dataclass(frozen=True)
class Anchors:
    """The instants from which a participant's visits are counted; None until they happen.

    `planned_start` stands in for an infusion that has not started: windows from it are provisional.
    """

    consent: datetime | None = None
    infusion_start: datetime | None = None
    infusion_end: datetime | None = None
    planned_start: datetime | None = None

    def __post_init__(self) -> None:
        for name in ("consent", "infusion_start", "infusion_end", "planned_start"):
            if (at := getattr(self, name)) is not None:
                utc(at, name)


@dataclass(frozen=True)
class Window:
    """When a visit is due, in UTC. `provisional`: counted from a plan, not from what happened.

    overdue_from: the target, or the end of the target's date for a visit due on whole dates.
    """

    visit: Visit
    opens: datetime
    target: datetime
    overdue_from: datetime
    closes: datetime
    provisional: bool

    def holds(self, at: datetime) -> bool:
        """Whether an instant lies in the window."""
        moment = utc(at)
        return self.opens <= moment < self.closes


def utc(at: datetime, what: str = "time") -> datetime:
    """An aware instant in UTC; ValueError for one without a zone."""
    if at.tzinfo is None or at.utcoffset() is None:
        raise ValueError(f"The {what} {at.isoformat()} has no time zone; give it the site's.")
    return at.astimezone(UTC)


def elapsed_hours(start: datetime, at: datetime) -> Decimal:
    """Elapsed hours from start to at; exact, negative before the start."""
    microseconds = (utc(at) - utc(start)) // timedelta(microseconds=1)
    return Decimal(microseconds) / _MICROSECONDS_PER_HOUR


def infusion_day(start: datetime, at: datetime, zone: ZoneInfo) -> int:
    """Day of the infusion by the site's calendar: 1 on the date of the start, 0 the date before."""
    return (utc(at).astimezone(zone).date() - utc(start).astimezone(zone).date()).days + 1


def due_windows(
    protocol: Protocol, anchors: Anchors, zone: ZoneInfo, population: Population = "patient"
) -> Mapping[str, Window | None]:
    """The window of every visit of a population, in order; None while its anchor is unknown."""
    visits = [visit for visit in protocol.visits.values() if visit.population == population]
    return {visit.code: visit_window(protocol, visit, anchors, zone) for visit in visits}


def visit_window(protocol: Protocol, visit: Visit, anchors: Anchors, zone: ZoneInfo) -> Window | None:
    """The window of one visit at a site's zone; None while its anchor is unknown."""
    anchor, provisional = _anchor(protocol, visit.anchor, anchors)
    if anchor is None:
        return None
    if visit.whole_dates:
        day = anchor.astimezone(zone).date() + _days(visit.offset)
        opens = _midnight(day - _days(visit.before), zone)
        closes = _midnight(day + _days(visit.after) + timedelta(days=1), zone)
        next_day = _midnight(day + timedelta(days=1), zone)
        return Window(visit, opens, _midnight(day, zone), next_day, closes, provisional)
    target = _instant(visit.offset, visit.at.time if visit.at else None, anchor, zone)
    opens = _move(target, visit.before, zone, -1)
    return Window(visit, opens, target, target, _move(target, visit.after, zone, 1), provisional)


def sample_time(protocol: Protocol, sample_id: str, anchors: Anchors, zone: ZoneInfo) -> datetime | None:
    """When a serum sample is to be drawn, in UTC; None while its anchor is unknown."""
    sample = protocol.serum.samples[sample_id]
    anchor, _ = _anchor(protocol, sample.anchor, anchors)
    if anchor is None:
        return None
    return _instant(sample.offset, sample.at.time if sample.at else None, anchor, zone)


def visit_state(window: Window | None, now: datetime, held_at: datetime | None = None) -> State:
    """How a visit stands: by when it was held, or else by the time now."""
    if window is None:
        return "unscheduled"
    if held_at is not None:
        return _state_held(window, utc(held_at, "time of the visit"))
    return _state_open(window, utc(now, "present time"))


def _state_held(window: Window, at: datetime) -> State:
    if at < window.opens:
        return "early"
    return "in window" if at < window.closes else "late"


def _state_open(window: Window, now: datetime) -> State:
    if now < window.opens:
        return "upcoming"
    if now >= window.closes:
        return "missed"
    return "due" if now < window.overdue_from else "overdue"


def _anchor(protocol: Protocol, name: Anchor, anchors: Anchors) -> tuple[datetime | None, bool]:
    """The anchor in UTC and whether it is only planned."""
    if name == "consent":
        return (utc(anchors.consent) if anchors.consent else None), False
    start = anchors.infusion_start or anchors.planned_start
    if name == "infusion_start":
        return (utc(start) if start else None), anchors.infusion_start is None
    if anchors.infusion_end:
        return utc(anchors.infusion_end), False
    return (utc(start) + protocol.titration.duration.elapsed if start else None), True


def _instant(offset: Value, at: time | None, anchor: datetime, zone: ZoneInfo) -> datetime:
    if at is None:
        return anchor + offset.elapsed
    day = anchor.astimezone(zone).date() + _days(offset)
    return datetime.combine(day, at, zone).astimezone(UTC)


def _move(target: datetime, span: Value, zone: ZoneInfo, sign: int) -> datetime:
    """Hours and minutes are elapsed; days keep the time of day at the site."""
    if span.unit != "d":
        return target + sign * span.elapsed
    local = target.astimezone(zone)
    return datetime.combine(local.date() + sign * _days(span), local.time(), zone).astimezone(UTC)


def _days(value: Value) -> timedelta:
    return timedelta(days=value.integer)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)
