"""Judging vital signs and positive symptoms against the protocol's triggers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Literal, NamedTuple

from infusion.rules.course import Course
from trial.protocol import Protocol, Trigger
from trial.rules.schedule import utc
from trial.rules.verdict import ALLOWED, Verdict, warn

Level = Literal["review", "urgent", "emergency"]

# What an action of the protocol asks of the ward, gravest first.
LEVELS: dict[str, Level] = {
    "stop": "emergency",
    "stop_clonidine": "emergency",
    "pause": "urgent",
    "hold_clonidine": "urgent",
    "no_increase": "review",
}
FORBIDS_INCREASE = frozenset({"stop", "stop_clonidine", "pause", "no_increase"})
# The four positive symptoms of the BPRS that the paper follows.
POSITIVE_ITEMS = (
    "conceptual_disorganization",
    "suspiciousness",
    "hallucinatory_behaviour",
    "unusual_thought_content",
)


class VitalsDue(NamedTuple):
    """When vital signs are due next (UTC): awake, and asleep; both are one soon after a change of rate."""

    awake: datetime
    asleep: datetime


def next_vitals(course: Course, last: datetime | None, is_alarming: bool, protocol: Protocol) -> VitalsDue:
    """When vital signs are due after the last ones (None: none yet), by the protocol's frequency.

    Readings that pulled a trigger are repeated before anything else.
    """
    if last is not None and is_alarming:
        again = utc(last) + protocol.vital_signs.repeat_after.elapsed
        return VitalsDue(again, again)
    plan = protocol.vital_signs.frequency
    changed = utc(course.last_switch or course.started_at)
    taken = utc(last) if last is not None else changed
    since = max(taken, changed)
    settled = changed + plan.after_change_for.elapsed
    if since < settled:
        soon = min(since + plan.after_change.elapsed, settled)
        return VitalsDue(soon, soon)
    return VitalsDue(since + plan.awake.elapsed, since + plan.asleep.elapsed)


def judge_vitals(readings: Mapping[str, int | None], protocol: Protocol) -> tuple[Trigger, ...]:
    """The triggers a set of readings pulls: the gravest per variable, the gravest first.

    readings: variable of the protocol (systolic, heart_rate, ...) to value in its unit; None was not taken.
    """
    pulled: dict[str, Trigger] = {}
    for trigger in sorted(protocol.vital_signs.triggers.values(), key=_gravity):
        reading = readings.get(trigger.variable)
        if reading is not None and _pulls(trigger, reading):
            pulled.setdefault(trigger.variable, trigger)
    return tuple(pulled.values())


def judge_positive_items(scores: Mapping[str, int], protocol: Protocol) -> tuple[str, ...]:
    """The positive BPRS items at or above the protocol's threshold; items not scored are passed over."""
    triggers = [t for t in protocol.vital_signs.triggers.values() if t.variable == "bprs_positive_item"]
    return tuple(
        item
        for item in POSITIVE_ITEMS
        if (score := scores.get(item)) is not None and any(_pulls(trigger, score) for trigger in triggers)
    )


def judge_increase(triggers: Iterable[Trigger]) -> Verdict:
    """Judge whether the rate may rise while these triggers stand: a physician may, with a reason."""
    for trigger in triggers:
        if trigger.action in FORBIDS_INCREASE:
            why = f"The last vital signs forbid an increase: {trigger.label}. {trigger.instruction.text}"
            return warn(why, trigger.threshold)
    return ALLOWED


def alert_level(triggers: Iterable[Trigger]) -> Level | None:
    """How urgent the gravest of some triggers is; None without any."""
    return next((LEVELS[trigger.action] for trigger in sorted(triggers, key=_gravity)), None)


def _gravity(trigger: Trigger) -> int:
    return list(LEVELS).index(trigger.action)


def _pulls(trigger: Trigger, reading: int) -> bool:
    threshold = trigger.threshold.decimal
    return reading < threshold if trigger.comparison == "below" else reading >= threshold
