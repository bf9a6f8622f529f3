"""How a query moves, and the edit checks: what each reads, when it fires and in which words it asks. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal, NamedTuple

from trial.monitoring.plausible import LIMITS, VISIT_SILENT_FOR

State = Literal["open", "answered", "closed"]
Verb = Literal["answered", "reopened", "closed", "withdrawn"]
Severity = Literal["minor", "major"]
Kind = Literal["missing", "out of range", "out of window", "inconsistent dates"]

# From which states a verb leads where; everything else is refused.
MOVES: dict[Verb, tuple[tuple[State, ...], State]] = {
    "answered": (("open", "answered"), "answered"),
    "reopened": (("answered", "closed"), "open"),
    "closed": (("open", "answered"), "closed"),
    "withdrawn": (("open", "answered"), "closed"),
}
NO_REASON = "no reason given"
ASSESSMENT, VITALS, VISIT = "assessments.assessment", "infusion.vitals", "participants.visit"
PHYSICAL, INFUSION = "participants.physicalexamination", "infusion.infusion"
RATE, BAG, EVENT = "infusion.ratechange", "infusion.bag", "safety.adverseevent"
BEDSIDE = ("infusion.clonidinedose", "infusion.sideeffects", "infusion.serumsample", VITALS)
SCANS = "imaging.imagingsession"
AT_VISITS = (ASSESSMENT, VITALS, "infusion.sideeffects", "infusion.serumsample", SCANS)
WEIGHTS = {PHYSICAL: "weight_kg", INFUSION: "dosing_weight_kg"}


def after(state: State, verb: Verb) -> State | None:
    """The state that a verb leads to, or None where it may not be done from *state*."""
    sources, target = MOVES[verb]
    return target if state in sources else None


@dataclass(frozen=True)
class Surroundings:
    """What else is known of the participant, for checks that compare records.

    ``weights`` are all recorded weights (kg) with their moments, oldest first; ``reverified_from`` is the change (%)
    from which the protocol has a weight taken again; ``missing`` names what a held visit still lacks; ``departure``
    says in a sentence how far from its window it was held.
    """

    consented_at: datetime | None = None
    withdrew_at: datetime | None = None
    infusion_ended_at: datetime | None = None
    weights: tuple[tuple[datetime, Decimal], ...] = ()
    reverified_from: Decimal = Decimal(0)
    missing: tuple[str, ...] = ()
    departure: str = ""


@dataclass(frozen=True)
class Recorded:
    """One record as a check reads it: its table, its values, its moment (UTC) and its day at the site.

    ``held_on`` is the day on which its visit was held, None without one; ``now`` is when it is judged.
    """

    table: str
    values: Mapping[str, Any]
    occurred_at: datetime
    day: date
    now: datetime
    is_at_visit: bool = False
    held_on: date | None = None
    around: Surroundings = field(default_factory=Surroundings)


class Fault(NamedTuple):
    """What a check asks: at which field, in which words, and the values it read, as text."""

    field: str
    question: str
    read: str


@dataclass(frozen=True)
class Check:
    """One edit check; ``compares`` says that it needs the record's surroundings."""

    code: str
    title: str
    kind: Kind
    severity: Severity
    reads: str
    fires: str
    tables: tuple[str, ...]
    judge: Callable[[Recorded], Iterator[Fault]]
    compares: bool = False


def missing_items(record: Recorded) -> Iterator[Fault]:
    """Items of a rating scale that are neither rated nor explained."""
    bare = sorted(item for item, why in record.values["missing"].items() if why == NO_REASON)
    if bare:
        names = ", ".join(item.replace("_", " ") for item in bare)
        yield Fault("missing", f"Not rated and no reason given: {names}. Rate it, or say why it is missing.", str(bare))


def ended_without_outcome(record: Recorded) -> Iterator[Fault]:
    """An adverse event that ended, without a word on how."""
    ended_at, outcome = record.values["ended_at"], record.values["outcome"]
    if ended_at is not None and not outcome.strip():
        yield Fault("outcome", "The event has ended, but its outcome is empty. How did it end?", str(ended_at))


def implausible(record: Recorded) -> Iterator[Fault]:
    """Values that can be, but rarely are."""
    for name, limit in LIMITS[record.table].items():
        value = record.values[name]
        if value is not None and limit.speaks_against(value):
            asked = f"The {limit.what} is {value} {limit.unit}; {limit.range} is usual. Is it as in the source?"
            yield Fault(name, asked, f"{value}")


def other_day(record: Recorded) -> Iterator[Fault]:
    """Something done at a visit that is dated on another day than the visit."""
    if record.held_on is not None and record.day != record.held_on:
        asked = f"Dated {record.day.isoformat()}, but its visit was held {record.held_on.isoformat()}. Which is right?"
        yield Fault("occurred_at", asked, f"{record.day} {record.held_on}")


def before_consent(record: Recorded) -> Iterator[Fault]:
    """Something outside the visits that is dated before consent; at a visit that is a deviation already."""
    signed = record.around.consented_at
    if signed is not None and not record.is_at_visit and record.occurred_at < signed:
        asked = "Dated before consent was signed. Check both moments."
        yield Fault("occurred_at", asked, f"{record.occurred_at} {signed}")


def after_withdrawal(record: Recorded) -> Iterator[Fault]:
    """Something dated after the participant withdrew."""
    left = record.around.withdrew_at
    if left is not None and record.occurred_at > left:
        asked = "Dated after consent was withdrawn. Was it done with permission, or is a date wrong?"
        yield Fault("occurred_at", asked, f"{record.occurred_at} {left}")


def after_the_end(record: Recorded) -> Iterator[Fault]:
    """A rate or a bag after the infusion's end."""
    ended, rate = record.around.infusion_ended_at, record.values.get("rate")
    if ended is None or record.occurred_at <= ended or (rate is not None and rate == 0):
        return
    yield Fault("occurred_at", "Dated after the infusion's end. Check both moments.", f"{record.occurred_at} {ended}")


def weight_changed(record: Recorded) -> Iterator[Fault]:
    """A weight far from the one recorded before it."""
    name = WEIGHTS[record.table]
    weight = record.values[name]
    before = [other for at, other in record.around.weights if at < record.occurred_at]
    if weight is None or not before:
        return
    change = abs(weight - before[-1]) / before[-1] * 100
    if change > record.around.reverified_from:
        asked = f"{weight} kg, after {before[-1]} kg before: {change:.0f} % apart. Which is right?"
        yield Fault(name, asked, f"{weight} {before[-1]}")


def silent_visit(record: Recorded) -> Iterator[Fault]:
    """A visit whose window closed without a word about it."""
    closes_at, state = record.values["closes_at"], record.values["state"]
    if state == "planned" and closes_at is not None and record.now - closes_at > VISIT_SILENT_FOR:
        asked = "The window has closed and nothing is recorded. Was the visit held or missed?"
        yield Fault("state", asked, f"{closes_at}")


def outside_window(record: Recorded) -> Iterator[Fault]:
    """A visit held before its window opened or after it closed: a wrong date, or a deviation that is one."""
    if record.values["state"] == "done" and record.around.departure:
        asked = f"{record.around.departure} Is the date right? If so, say why; the deviation stands."
        yield Fault("done_at", asked, f"{record.values['done_at']} {record.around.departure}")


def incomplete_visit(record: Recorded) -> Iterator[Fault]:
    """A visit recorded as done at which a scale of the protocol is not recorded."""
    if record.values["state"] == "done" and record.around.missing:
        names = ", ".join(record.around.missing)
        yield Fault("", f"The visit is done, but not recorded: {names}. Enter it, or say why it is missing.", names)


CHECKS: dict[str, Check] = {
    check.code: check
    for check in (
        Check(
            "missing_item", "Item missing without a reason", "missing", "major",
            "the items of a rating scale and the reasons for those not rated",
            "an item is neither rated nor explained", (ASSESSMENT,), missing_items,
        ),
        Check(
            "ended_no_outcome", "Event ended without outcome", "missing", "minor",
            "end and outcome of an adverse event", "there is an end and no outcome", (EVENT,), ended_without_outcome,
        ),
        Check(
            "implausible", "Value out of the usual range", "out of range", "major",
            "blood pressure, heart and breathing rate, oxygen saturation, height, weight, PR and QTc interval",
            "a value lies outside its usual range", tuple(LIMITS), implausible,
        ),
        Check(
            "weight_change", "Weight far from the one before", "out of range", "major",
            "the weight of the examination and of the dosing", "it is further from the one recorded before than the "
            "protocol lets pass without weighing again", tuple(WEIGHTS), weight_changed, compares=True,
        ),
        Check(
            "other_day", "Dated on another day than its visit", "inconsistent dates", "minor",
            "the day of a rating, a measurement or a scan and of its visit", "they differ", AT_VISITS, other_day,
        ),
        Check(
            "before_consent", "Dated before consent", "inconsistent dates", "major",
            "moments of treatment, bedside measurements, scans and events outside visits",
            "one lies before the first consent (at a visit that is a deviation, and no query)",
            (*BEDSIDE, SCANS, EVENT, RATE, BAG), before_consent, compares=True,
        ),
        Check(
            "after_withdrawal", "Dated after withdrawal", "inconsistent dates", "major",
            "moments of ratings, treatment, bedside measurements and scans",
            "one lies after consent was withdrawn",
            (ASSESSMENT, *BEDSIDE, SCANS, RATE, BAG), after_withdrawal, compares=True,
        ),
        Check(
            "after_the_end", "Dated after the infusion's end", "inconsistent dates", "major",
            "rates above 0 and bags, and the end of the infusion", "one lies after the end",
            (RATE, BAG), after_the_end, compares=True,
        ),
        Check(
            "silent_visit", "Visit without a word", "missing", "major", "the window of a visit",
            f"it closed more than {VISIT_SILENT_FOR.days} days ago and the visit is neither done nor missed",
            (VISIT,), silent_visit, compares=True,
        ),
        Check(
            "outside_window", "Visit held outside its window", "out of window", "minor",
            "when a visit was held, and its window by the protocol", "it was held before the window or after it",
            (VISIT,), outside_window, compares=True,
        ),
        Check(
            "incomplete_visit", "Scale missing at a visit that was held", "missing", "major",
            "the rating scales that the protocol asks for at a visit", "the visit is done and one is not recorded",
            (VISIT,), incomplete_visit, compares=True,
        ),
    )
}  # fmt: skip


def checks_of(table: str, *, compares: bool | None = None) -> tuple[Check, ...]:
    """The checks that read a table: all, or those that do (or do not) compare records."""
    return tuple(check for check in CHECKS.values() if table in check.tables and compares in (None, check.compares))


def faults(record: Recorded, checks: tuple[Check, ...]) -> dict[tuple[str, str], Fault]:
    """What the checks ask about a record, by code and field."""
    return {(check.code, fault.field): fault for check in checks for fault in check.judge(record)}


Verified = Literal["verified", "partly", "changed", "never"]


def compared(now: Mapping[str, str], then: Mapping[str, str]) -> tuple[Verified, tuple[str, ...]]:
    """How a record stands to its verification, and which verified fields read otherwise now.

    now: digest of each field's value; then: digest of each field that was verified, when it was.
    """
    changed = tuple(name for name, digest in then.items() if now.get(name) != digest)
    if changed:
        return "changed", changed
    if not then:
        return "never", ()
    return ("verified" if now.keys() <= then.keys() else "partly"), ()


def per_cent(part: int, whole: int) -> int:
    """A share in whole per cent, rounded down so that only all is 100; 0 of nothing."""
    return part * 100 // whole if whole else 0
