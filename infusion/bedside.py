"""What the bedside page shows: the state of the infusion now, and the series of its charts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from infusion import queries
from infusion.models import Bag, Infusion, RateChange, SerumLevel, SerumSample, SideEffects, Vitals
from infusion.rules import Course, NextStep, VitalsDue, judge_end, judge_vitals, next_step, next_vitals, pump_setting
from infusion.templatetags.doses import plain, readings
from trial.participants.models import Participant
from trial.participants.queries import protocol_of
from trial.protocol import Protocol
from trial.records.events import RunningInfusion
from trial.rules.schedule import elapsed_hours
from trial.rules.verdict import Verdict

CALL = "Call the physician"
# Readings of the day before belong to the picture of the infusion; those of screening do not.
DAY_BEFORE = timedelta(days=1)
READINGS = ("systolic", "diastolic", "heart_rate", "respiratory_rate", "oxygen_saturation")


class Alarm(NamedTuple):
    """What the last vital signs call for: the trigger in words, and what to do now."""

    label: str
    advice: str


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
    vitals_due: VitalsDue | None
    are_vitals_overdue: bool
    alarms: tuple[Alarm, ...]
    clonidine_mg: Decimal
    final_rate: Decimal
    fitting_pump_rate: Decimal | None

    @property
    def is_paused(self) -> bool:
        """Whether the infusion is on, but the pump does not run."""
        return self.is_running and self.rate == 0

    @property
    def is_running(self) -> bool:
        """Whether the infusion has begun and not ended."""
        return queries.is_running(self.infusion)

    @property
    def is_corrected(self) -> bool:
        """Whether start, weight or end were corrected: each is saved once otherwise."""
        return self.infusion is not None and self.infusion.version > (1 if self.infusion.ended_at is None else 2)

    @property
    def has_vitals_since_start(self) -> bool:
        """Whether vital signs were taken since the infusion began."""
        return bool(self.infusion and self.vitals and self.vitals.occurred_at >= self.infusion.occurred_at)


class SerumRow(NamedTuple):
    """One sample: the record, its sampling point in words, and each analyte with its level."""

    sample: SerumSample
    point: str
    levels: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class SerumTable:
    """Serum levels in ng/mL as they are read: analytes across, sampling points down."""

    analytes: tuple[str, ...]
    rows: tuple[SerumRow, ...]


class Complaint(NamedTuple):
    """One item of a checklist with its grade in words; ``is_marked`` above the lowest grade."""

    item: str
    grade: str
    is_marked: bool


class Checklist(NamedTuple):
    """One saved side-effect list: the record, its visit in words, the items graded, and those left open."""

    row: SideEffects
    visit: str
    graded: tuple[Complaint, ...]
    not_asked: int


def checklists(participant: Participant) -> list[Checklist]:
    """The participant's side-effect lists, the latest first, items in the protocol's order, the gravest grade first."""
    rules = protocol_of(participant)
    plan = rules.side_effects
    labels: dict[str, str] = {visit.code: visit.label for visit in rules.visits.values()}
    grades = {grade.grade.integer: grade.label for grade in plan.grades.values()}
    found = []
    for row in reversed(queries.side_effects_of(participant)):
        scores = [(item.label.text, row.scores[item.id]) for item in plan.items.values() if item.id in row.scores]
        scores.sort(key=lambda pair: -pair[1])
        graded = tuple(Complaint(item, f"{grade} {grades[grade]}", grade > min(grades)) for item, grade in scores)
        visit = labels.get(row.visit.code, row.visit.code) if row.visit else ""
        found.append(Checklist(row, visit, graded, len(plan.items) - len(graded)))
    return found


def serum_table(participant: Participant) -> SerumTable:
    """The participant's samples in the order they were drawn; a level not measured is empty."""
    serum = protocol_of(participant).serum
    names = {analyte.id: analyte.label.text for analyte in serum.analytes.values()}
    rows = []
    for sample in queries.samples_of(participant):
        levels = {level.analyte: level for level in sample.levels.all()}
        cells = tuple((name, _level(levels.get(code))) for code, name in names.items())
        planned = serum.samples.get(sample.sample)
        rows.append(SerumRow(sample, planned.label if planned else sample.sample, cells))
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
    alarms, due = alarms_of(vitals, infusion, rules), None
    if queries.is_running(infusion):
        due = next_vitals(course, vitals.occurred_at if vitals else None, bool(alarms), rules)
    bag = queries.bag_at(infusion, at) if infusion else None
    pump_rate = _pump_rate(rates, at) if rate else None
    return Bedside(
        infusion=infusion,
        rate=rate,
        pump_rate=pump_rate,
        hours=course.elapsed(at),
        delivered_mg=delivered * infusion.dosing_weight_kg if infusion else Decimal(0),
        delivered_mg_kg=delivered,
        step=step,
        is_step_overdue=step is not None and step.due_at < at,
        bag=bag,
        duration=judge_end(course, at, rules) if infusion else None,
        vitals=vitals,
        vitals_due=due,
        are_vitals_overdue=due is not None and due.asleep < at,
        alarms=alarms,
        clonidine_mg=sum(queries.clonidine_around(participant, at)[0], Decimal(0)),
        final_rate=course.final_rate,
        fitting_pump_rate=_fitting(infusion, rate, pump_rate, bag, rules),
    )


def alarms_of(vitals: Vitals | None, infusion: Infusion | None, rules: Protocol) -> tuple[Alarm, ...]:
    """What vital signs call for: while the infusion runs the protocol's instruction, else what can still be done.

    Nobody stops an infusion that does not run: readings from before its end call for nothing after it.
    """
    if vitals is None:
        return ()
    is_running = queries.is_running(infusion)
    if infusion is not None and infusion.ended_at is not None and vitals.occurred_at <= infusion.ended_at:
        return ()
    triggers = judge_vitals({name: getattr(vitals, name) for name in READINGS}, rules)
    return tuple(
        Alarm(trigger.label, trigger.instruction.text if is_running or "clonidine" in trigger.action else CALL)
        for trigger in triggers
    )


def _fitting(
    infusion: Infusion | None, rate: Decimal, recorded: Decimal | None, bag: Bag | None, rules: Protocol
) -> Decimal | None:
    """The pump rate (mL/h) that bag and weight ask for, where the recorded one is another; else None."""
    if infusion is None or bag is None or recorded is None or bag.concentration <= 0:
        return None
    fitting = pump_setting(infusion.dosing_weight_kg, rate, bag.concentration, rules).programmed
    return None if fitting == recorded else fitting


def running(participants: Iterable[Participant], at: datetime) -> dict[UUID, RunningInfusion]:
    """How each of some participants' running infusions stands, by the participant's primary key."""
    states = ((participant.pk, bedside(participant, at)) for participant in participants)
    return {key: _brief(state) for key, state in states if state.is_running}


def _brief(state: Bedside) -> RunningInfusion:
    infusion, due = state.infusion, state.vitals_due
    vitals = state.vitals if state.has_vitals_since_start else None
    if infusion is None or due is None:
        raise ValueError("Only a running infusion can be told in brief.")
    return RunningInfusion(
        started_at=infusion.occurred_at,
        rate=state.rate,
        hours=state.hours,
        is_paused=state.is_paused,
        vitals_at=vitals.occurred_at if vitals else None,
        vitals=readings(vitals) if vitals else "",
        vitals_due_at=due.awake,
        is_vitals_overdue=state.are_vitals_overdue,
        alarm="; ".join(f"{alarm.label}: {alarm.advice}" for alarm in state.alarms),
    )


def series(infusion: Infusion, at: datetime) -> dict[str, Any]:
    """The charts' series by hours since the start: rate (mg/kg/h), pressures (mmHg), heart rate (1/min).

    ``axis`` is the first and the last hour of both. Vital signs count from a day before the start to the end of
    the blood pressure follow-up, so that a pressure at screening does not press the infusion together.
    """
    course, plan = queries.course_of(infusion), protocol_of(infusion.participant).clonidine
    until = at if infusion.ended_at is None else min(at, infusion.ended_at)
    steps = [(event.at, event.rate) for event in course.events if event.at <= until]
    steps.append((until, course.rate_at(until)))
    start = infusion.occurred_at
    first, last = start - DAY_BEFORE, until + plan.blood_pressure_follow_up.elapsed
    taken = [row for row in queries.vitals_of(infusion.participant) if first <= row.occurred_at <= last]
    moments = [start, until, *(row.occurred_at for row in taken)]
    return {
        "axis": [_hours(start, min(moments)), _hours(start, max(moments))],
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
