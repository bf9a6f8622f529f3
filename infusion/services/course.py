"""Correcting the course: the start, a rate, the end. The infusion is locked, and every rate is judged anew.

The dose is always counted from the rates, so a corrected rate corrects it. What would leave no course at all is
refused with the record to correct first: a rate before the start or after the end, a start after a rate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction

from infusion import queries
from infusion.models import Infusion, RateChange
from infusion.rules import against_weight, is_lowering, judge_course, judge_end
from infusion.services.rates import (
    END,
    PUMP,
    VITAL_SIGNS,
    after_end,
    against_pump,
    against_vital_signs,
    pump_for,
    reopen,
)
from infusion.services.start_stop import check_end, close, first_of, judge_start_anew
from infusion.services.verdicts import Finding, judge_anew
from trial.participants import services as participants
from trial.participants.queries import protocol_of
from trial.records.services import RecordError, amend
from trial.rules.verdict import Verdict, warn
from trial.safety.models import Deviation
from trial.users.models import User

LIMIT = Deviation.Kind.LIMIT
TAKEN_BACK = "stop recorded by mistake, taken back"


@transaction.atomic
def correct_rate(
    actor: User,
    row: RateChange,
    *,
    version: int,
    reason: str,
    rate: Decimal,
    explanation: str,
    occurred_at: datetime,
    checked_by: User | None = None,
) -> RateChange:
    """Correct a rate (mg/kg/h), its time or its reason; the pump rate follows from the bag that hung then.

    The first rate keeps the time of the start, and the last the time of the end: correct those instead. Raises
    StaleRecord, ReasonRequired, ValidationError.
    """
    infusion = queries.lock(row.infusion)
    rates = queries.rates_of(infusion)
    _check_place(infusion, rates, row, rate, occurred_at)
    before, setting = _judged(infusion, rates), pump_for(infusion, rate, occurred_at)
    first = first_of(infusion, rates[0])
    beside = _beside(infusion, row)
    saved = amend(
        row,
        actor,
        version=version,
        reason=reason,
        rate=rate,
        occurred_at=occurred_at,
        explanation=explanation,
        checked_by=checked_by,
        pump_rate=setting.programmed if setting and rate else None,
    )
    if row.pk == rates[0].pk:
        judge_start_anew(actor, infusion, first, first_of(infusion, saved), why=reason)
    _judge_rates_anew(actor, infusion, before, reason)
    _judge_beside_anew(actor, saved, beside, reason)
    _judge_end_anew(actor, infusion, before, reason)
    return saved


@transaction.atomic
def correct_start(
    actor: User,
    infusion: Infusion,
    *,
    version: int,
    reason: str,
    occurred_at: datetime,
    dosing_weight_kg: Decimal,
) -> Infusion:
    """Correct when the infusion began, with its first rate and bag, or the dosing weight (kg).

    Windows, statuses and verdicts follow. Rates stay as recorded in mg/kg/h; with another weight a deviation asks
    for a check of the pump. Raises StaleRecord, ReasonRequired, ValidationError.
    """
    current = queries.lock(infusion)
    was_at, weight = current.occurred_at, current.dosing_weight_kg
    rates = queries.rates_of(current)
    _check_start(current, rates[1:], occurred_at)
    if dosing_weight_kg <= 0:
        raise ValidationError({"dosing_weight_kg": "The weight must be above 0 kg."})
    before, first = _judged(current, rates), first_of(current, rates[0])
    given = {"occurred_at": occurred_at, "dosing_weight_kg": dosing_weight_kg}
    saved = amend(current, actor, version=version, reason=reason, **given)
    for row in (*rates[:1], *current.bags.filter(occurred_at=was_at)):
        amend(row, actor, version=row.version, reason=reason, occurred_at=occurred_at)
    participants.infusion_began(actor, current.participant, occurred_at, origin=current.origin)
    judge_start_anew(actor, saved, first, replace(first, weight_kg=dosing_weight_kg), why=reason)
    _judge_rates_anew(actor, saved, before, reason)
    _judge_end_anew(actor, saved, before, reason)
    _judge_weight_anew(actor, saved, weight, reason)
    return saved


@transaction.atomic
def correct_end(
    actor: User,
    infusion: Infusion,
    *,
    version: int,
    completed: bool,
    end_reason: str,
    occurred_at: datetime,
    reason: str,
) -> Infusion:
    """Correct the recorded end; raises StaleRecord, ReasonRequired, ValidationError before the start or a rate."""
    current = queries.lock(infusion)
    at = check_end(current, occurred_at)
    closing = _closing(current)
    later = current.rates.filter(rate__gt=0, occurred_at__gt=at).order_by("occurred_at").first()
    if later is not None:
        raise ValidationError(
            {"occurred_at": f"A rate above 0 is recorded {_local(current, later.occurred_at)}, later."}
        )
    before = _judged(current, queries.rates_of(current))
    if closing is not None:
        given = {"occurred_at": at, "explanation": end_reason.strip() or closing.explanation}
        amend(closing, actor, version=closing.version, reason=reason, **given)
    current.version = version
    ended = close(actor, current, at, completed, end_reason, reason)
    _judge_end_anew(actor, ended, before, reason)
    return ended


@transaction.atomic
def withdraw_end(actor: User, infusion: Infusion, *, version: int, reason: str) -> Infusion:
    """Take back an end that was recorded by mistake: the infusion runs on at the rate that ran before it.

    Raises StaleRecord, ReasonRequired, RecordError where no end is recorded.
    """
    current = queries.lock(infusion)
    closing = _closing(current)
    before = _judged(current, queries.rates_of(current))
    if closing is not None:
        ran = current.rates.exclude(pk=closing.pk).filter(occurred_at__lte=closing.occurred_at)
        last = ran.order_by("occurred_at", "entered_at").last()
        again = {"rate": last.rate, "pump_rate": last.pump_rate} if last else {}
        amend(closing, actor, version=closing.version, reason=reason, explanation=TAKEN_BACK, **again)
    running = reopen(actor, current, version=version, reason=reason)
    _judge_end_anew(actor, running, before, reason)
    return running


def _closing(infusion: Infusion) -> RateChange | None:
    """The rate event that is the recorded end; raises RecordError where there is no end."""
    if infusion.ended_at is None:
        raise RecordError(f"No end of {infusion.participant}'s infusion is recorded yet; record the stop.")
    return infusion.rates.filter(rate=0, occurred_at=infusion.ended_at).last()


def _check_place(infusion: Infusion, rates: list[RateChange], row: RateChange, rate: Decimal, at: datetime) -> None:
    """Refuse a rate that would leave no course; raises ValidationError naming what to correct instead."""
    if rate < 0:
        raise ValidationError({"rate": "A rate cannot be negative; 0 is a pause."})
    if row.pk == rates[0].pk:
        if at != row.occurred_at:
            raise ValidationError({"occurred_at": "This is the first rate; correct the start of the infusion instead."})
        if rate == 0:
            raise ValidationError({"rate": "The infusion began with this rate; it cannot be 0."})
    elif infusion.ended_at is not None and row.rate == 0 and row.occurred_at == infusion.ended_at:
        if (at, rate) != (row.occurred_at, row.rate):
            raise ValidationError("This is the end of the infusion; correct the end instead.")
    elif at < infusion.occurred_at:
        began = _local(infusion, infusion.occurred_at)
        raise ValidationError(
            {"occurred_at": f"The infusion began {began}; if that is wrong, correct the start first."}
        )
    if rate and infusion.ended_at is not None and at > infusion.ended_at:
        raise ValidationError({"occurred_at": f"{after_end(infusion)} If that is wrong, correct the end first."})


def _check_start(infusion: Infusion, later: list[RateChange], at: datetime) -> None:
    """Refuse a start after something that came later; raises ValidationError naming it."""
    first = min((row.occurred_at for row in later), default=infusion.ended_at)
    if first is not None and at > first:
        said = f"A rate or the end is recorded {_local(infusion, first)}, before this start; correct that first."
        raise ValidationError({"occurred_at": said})


def _judged(infusion: Infusion, rates: list[RateChange]) -> Mapping[UUID, list[Verdict]]:
    """What stands against each rate by its id, and against the end by the infusion's."""
    rules, course = protocol_of(infusion.participant), queries.course_from(infusion, rates)
    verdicts = judge_course(course, infusion.dosing_weight_kg, rules)
    judged = {row.pk: verdict for row, verdict in zip(rates, verdicts, strict=True)}
    if infusion.ended_at is not None:
        judged[infusion.pk] = [judge_end(course, infusion.ended_at, rules)]
    return judged


def _judge_rates_anew(actor: User, infusion: Infusion, before: Mapping[UUID, list[Verdict]], reason: str) -> None:
    rates = queries.rates_of(infusion)
    now = _judged(infusion, rates)
    for row in rates:
        was, found = ([Finding(LIMIT, verdict) for verdict in judged[row.pk]] for judged in (before, now))
        judge_anew(actor, row, was, found, what=f"Rate {row.rate} mg/kg/h", why=reason)


def _beside(infusion: Infusion, row: RateChange) -> Mapping[str, list[Finding]]:
    """What pump and vital signs say against a rate as recorded, by their names; nothing where it does not rise."""
    rates = queries.rates_of(infusion)
    place = next(count for count, rate in enumerate(rates) if rate.pk == row.pk)
    if is_lowering(queries.course_from(infusion, rates).before(place), row.rate, row.occurred_at):
        return {PUMP: [], VITAL_SIGNS: []}
    setting = pump_for(infusion, row.rate, row.occurred_at)
    return {
        PUMP: against_pump(setting, row.rate),
        VITAL_SIGNS: against_vital_signs(infusion, row.rate, row.occurred_at),
    }


def _judge_beside_anew(actor: User, row: RateChange, before: Mapping[str, list[Finding]], reason: str) -> None:
    for what, found in _beside(row.infusion, row).items():
        judge_anew(actor, row, before[what], found, what=f"{what} at {row.rate} mg/kg/h", why=reason)


def _judge_end_anew(actor: User, infusion: Infusion, before: Mapping[UUID, list[Verdict]], reason: str) -> None:
    now = _judged(infusion, queries.rates_of(infusion))
    was, found = ([Finding(LIMIT, verdict) for verdict in judged.get(infusion.pk, [])] for judged in (before, now))
    judge_anew(actor, infusion, was, found, what=END, why=reason)


def _judge_weight_anew(actor: User, infusion: Infusion, was: Decimal, reason: str) -> None:
    weight, rules = infusion.dosing_weight_kg, protocol_of(infusion.participant)
    screened = queries.screened_weight(infusion.participant)
    before, now = ([Finding(LIMIT, one) for one in against_weight(kg, screened, rules)] for kg in (was, weight))
    if weight != was:
        why = f"dosing weight recorded as {was} kg until corrected; check the pump rates that were set for it"
        now.append(Finding(LIMIT, warn(why)))
    judge_anew(actor, infusion, before, now, what=f"Weight {weight} kg", why=reason)


def _local(infusion: Infusion, at: datetime) -> str:
    return at.astimezone(infusion.participant.site.zone).strftime("%Y-%m-%d %H:%M")
