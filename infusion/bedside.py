"""What the bedside page shows: the state of the infusion now, and the series of its charts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from infusion import queries
from infusion.models import Bag, Infusion, RateChange, SerumLevel, Vitals
from infusion.rules import Course, NextStep, judge_end, judge_vitals, next_step
from infusion.templatetags.doses import plain
from trial.participants.models import Participant
from trial.participants.queries import protocol_of
from trial.protocol import Trigger
from trial.rules.schedule import elapsed_hours
from trial.rules.verdict import Verdict

READINGS = ("systolic", "diastolic", "heart_rate", "respiratory_rate", "oxygen_saturation")


@dataclass(frozen=True)
class Bedside:
    """The state at an instant: rate mg/kg/h, pump mL/h, hours since the start, dose in mg and mg/kg."""

    infusion: Infusion | None
    rate: Decimal
    pump_rate: Decimal | None
    hours: Decimal
    delivered_mg: Decimal
    delivered_mg_kg: Decimal
    step: NextStep | None
    is_step_overdue: bool
    bag: Bag | None
    duration: Verdict | None
    vitals: Vitals | None
    triggers: tuple[Trigger, ...]
    clonidine_mg: Decimal
    final_rate: Decimal

    @property
    def is_paused(self) -> bool:
        """Whether the infusion is on, but the pump does not run."""
        return self.infusion is not None and self.infusion.ended_at is None and self.rate == 0


@dataclass(frozen=True)
class SerumTable:
    """Serum levels in ng/mL as they are read: analytes across, sampling points down."""

    analytes: tuple[str, ...]
    rows: tuple[tuple[datetime, str, tuple[tuple[str, str], ...]], ...]


def serum_table(participant: Participant) -> SerumTable:
    """The participant's samples in the order they were drawn; a level not measured is empty."""
    serum = protocol_of(participant).serum
    names = {analyte.id: analyte.label.text for analyte in serum.analytes.values()}
    rows = []
    for sample in queries.samples_of(participant):
        levels = {level.analyte: level for level in sample.levels.all()}
        cells = tuple((name, _level(levels.get(code))) for code, name in names.items())
        planned = serum.samples.get(sample.sample)
        rows.append((sample.occurred_at, planned.label if planned else sample.sample, cells))
    return SerumTable(tuple(names.values()), tuple(rows))


def _level(level: SerumLevel | None) -> str:
    if level is None:
        return ""
    return "below the limit" if level.below_limit else plain(level.concentration)


def bedside(participant: Participant, at: datetime) -> Bedside:
    """The state of the participant's infusion at an instant."""
    rules, infusion = protocol_of(participant), queries.infusion_of(participant)
    rates = queries.rates_of(infusion) if infusion else []
    course = queries.course_from(infusion, rates) if infusion else Course(at)
    rate, delivered = course.rate_at(at), course.delivered(at)
    step = next_step(course, at, rules)
    vitals = queries.vitals_before(participant, at)
    readings = {name: getattr(vitals, name) for name in READINGS} if vitals else {}
    return Bedside(
        infusion=infusion,
        rate=rate,
        pump_rate=_pump_rate(rates, at) if rate else None,
        hours=course.elapsed(at),
        delivered_mg=delivered * infusion.dosing_weight_kg if infusion else Decimal(0),
        delivered_mg_kg=delivered,
        step=step,
        is_step_overdue=step is not None and step.due_at < at,
        bag=queries.bag_at(infusion, at) if infusion else None,
        duration=judge_end(course, at, rules) if infusion else None,
        vitals=vitals,
        triggers=judge_vitals(readings, rules),
        clonidine_mg=sum(queries.clonidine_around(participant, at)[0], Decimal(0)),
        final_rate=course.final_rate,
    )


def series(infusion: Infusion, at: datetime) -> dict[str, Any]:
    """The charts' series by hours since the start: rate (mg/kg/h), pressures (mmHg), heart rate (1/min)."""
    course = queries.course_of(infusion)
    until = at if infusion.ended_at is None else min(at, infusion.ended_at)
    steps = [(event.at, event.rate) for event in course.events if event.at <= until]
    steps.append((until, course.rate_at(until)))
    taken = queries.vitals_of(infusion.participant)
    start = infusion.occurred_at
    return {
        "rate": {
            "hours": [_hours(start, moment) for moment, _ in steps],
            "rate": [float(rate) for _, rate in steps],
        },
        "vitals": {
            "hours": [_hours(start, row.occurred_at) for row in taken],
            "systolic": [row.systolic for row in taken],
            "diastolic": [row.diastolic for row in taken],
            "heart_rate": [row.heart_rate for row in taken],
        },
    }


def _pump_rate(rates: list[RateChange], at: datetime) -> Decimal | None:
    return next((change.pump_rate for change in reversed(rates) if change.occurred_at <= at), None)


def _hours(start: datetime, at: datetime) -> float:
    return round(float(elapsed_hours(start, at)), 3)
