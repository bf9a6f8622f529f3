"""Judging a rate before it runs. Lowering and stopping are never refused."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import NamedTuple

from infusion.rules.course import Course
from trial.protocol import Protocol
from trial.protocol.values import Bound
from trial.rules.schedule import elapsed_hours, utc
from trial.rules.verdict import ALLOWED, Verdict, judge_limit, warn, worst


def is_lowering(course: Course, proposed: Decimal, at: datetime) -> bool:
    """Whether a rate (mg/kg/h) lowers, keeps or stops what runs at an instant."""
    return proposed <= course.rate_at(at)


def judge_rate(course: Course, proposed: Decimal, at: datetime, weight_kg: Decimal, protocol: Protocol) -> Verdict:
    """Judge a rate as against_rate does, in one verdict: the gravest, saying everything that stands against."""
    return _together(against_rate(course, proposed, at, weight_kg, protocol))


def against_rate(
    course: Course, proposed: Decimal, at: datetime, weight_kg: Decimal, protocol: Protocol
) -> list[Verdict]:
    """What stands against a rate (mg/kg/h) from an instant on; soft beyond a soft limit, hard beyond a hard one.

    Resuming after a pause at no more than the rate that ran before is no increase: neither step nor
    interval bind it, the other limits do. The cumulative dose is judged as it would stand at the planned end.
    """
    if proposed < 0:
        raise ValueError(f"A rate cannot be {proposed} mg/kg/h; 0 stops the pump.")
    if is_lowering(course, proposed, at):
        return []
    limits, elapsed = protocol.limits, course.elapsed(at)
    remaining = max(protocol.titration.duration.decimal - elapsed, Decimal(0))
    verdicts = [
        judge_limit(limits["rate"], proposed),
        judge_limit(limits["hourly_dose"], _plain(proposed * weight_kg)),
        judge_limit(limits["duration"], _printed(elapsed)),
        judge_limit(limits["cumulative_dose"], _printed(course.delivered(at) + proposed * remaining)),
    ]
    if (running := course.running_rate(at)) < proposed:
        verdicts.append(judge_limit(limits["increase"], _plain(proposed - running)))
        if (last := course.last_increase(at)) is not None:
            verdicts.append(judge_limit(limits["interval"], _printed(elapsed_hours(last, at), ROUND_FLOOR)))
    return [verdict for verdict in verdicts if not verdict.ok]


class Earliest(NamedTuple):
    """From when on the rate may rise again (UTC): with a reason, and without one."""

    with_reason: datetime
    freely: datetime


def earliest_increase(course: Course, at: datetime, protocol: Protocol) -> Earliest | None:
    """When the intervals between increases allow the next one; None before the first rate."""
    last, interval = course.last_increase(at), protocol.limits["interval"]
    if last is None:
        return None
    hard = utc(last) + _span(interval.hard_below)
    return Earliest(hard, max(hard, utc(last) + _span(interval.soft_below)))


def _span(bound: Bound) -> timedelta:
    return timedelta() if bound.limit is None else bound.elapsed


def judge_course(course: Course, weight_kg: Decimal, protocol: Protocol) -> list[list[Verdict]]:
    """Judge every rate of a course against those before it, in their order: what stands against each event."""
    return [
        against_rate(course.before(count), event.rate, event.at, weight_kg, protocol)
        for count, event in enumerate(course.events)
    ]


def judge_weight(weight_kg: Decimal, screened_kg: Decimal | None, protocol: Protocol) -> Verdict:
    """Judge a dosing weight (kg) as against_weight does, in one verdict."""
    return _together(against_weight(weight_kg, screened_kg, protocol))


def against_weight(weight_kg: Decimal, screened_kg: Decimal | None, protocol: Protocol) -> list[Verdict]:
    """What stands against a dosing weight (kg), also beside the weight at screening if that is known."""
    verdicts = [judge_limit(protocol.limits["weight"], weight_kg)]
    allowed = protocol.infusion.weight_change_reverified
    if screened_kg:
        change = abs(weight_kg - screened_kg) / screened_kg * 100
        if change > allowed.decimal:
            why = (
                f"Dosing weight {weight_kg} kg differs by {change:.1f} % from {screened_kg} kg at screening; "
                "weigh again"
            )
            verdicts.append(Verdict(False, "soft", why, allowed.source, allowed.key, allowed.proposed))
    return [verdict for verdict in verdicts if not verdict.ok]


def judge_check(has_second_check: bool) -> Verdict:
    """Judge whether somebody else checked weight, concentration and pump before the rate rises."""
    if has_second_check:
        return ALLOWED
    return warn("No second person checked weight, concentration and pump rate; name who did")


def judge_end(course: Course, at: datetime, protocol: Protocol) -> Verdict:
    """Judge duration and cumulative dose at an instant; it describes an end and never refuses one."""
    return _together(
        [
            judge_limit(protocol.limits["duration"], _printed(course.elapsed(at))),
            judge_limit(protocol.limits["cumulative_dose"], _printed(course.delivered(at))),
        ]
    )


def _together(verdicts: Iterable[Verdict]) -> Verdict:
    """The gravest verdict, saying everything that stands against."""
    against = [verdict for verdict in verdicts if not verdict.ok]
    if not against:
        return ALLOWED
    return replace(worst(against), why="; ".join(verdict.why for verdict in against))


def _printed(amount: Decimal, rounding: str = ROUND_CEILING) -> Decimal:
    """An amount to two decimals as it is said, rounded towards the limit so that no limit is missed.

    What only division made is dropped first, so that an exact amount stays exact.
    """
    return _plain(round(amount, 6).quantize(Decimal("0.01"), rounding))


def _plain(amount: Decimal) -> Decimal:
    """The same amount without trailing zeros, as it is said."""
    return Decimal(f"{amount.normalize():f}")
