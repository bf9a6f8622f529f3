"""Rates and bags while the infusion runs. The infusion is locked, so that one rate follows another."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from infusion import queries
from infusion.models import Bag, Infusion, RateChange
from infusion.rules import (
    Course,
    PumpSetting,
    against_rate,
    earliest_increase,
    is_lowering,
    judge_check,
    judge_concentration,
    judge_end,
    judge_increase,
    judge_vitals,
    pump_setting,
)
from infusion.services.verdicts import Finding, judge_anew, record_deviations, settle
from trial.participants import services as participants
from trial.participants.queries import protocol_of
from trial.records.services import amend, content_hash, enter, put, repeated
from trial.rules.verdict import warn
from trial.safety.models import Deviation
from trial.users.models import User

LIMIT = Deviation.Kind.LIMIT
END = "End of the infusion"
PUMP = "Pump"
VITAL_SIGNS = "Vital signs"
INTERVAL = "limits.interval"
VITALS = ("systolic", "diastolic", "heart_rate", "respiratory_rate", "oxygen_saturation")


@transaction.atomic
def change_rate(
    actor: User,
    infusion: Infusion,
    *,
    rate: Decimal,
    occurred_at: datetime | None = None,
    reason: str,
    checked_by: User | None = None,
    happened: bool = False,
    override_reason: str = "",
    key: UUID | None = None,
    origin: str = "form",
) -> RateChange:
    """Set the rate (mg/kg/h) from an instant on; 0 pauses. Lowering is never refused.

    The same key with the same content returns the first row. A fact later than the recorded end reopens the
    infusion. Raises RuleBroken, KeyReused, ValidationError.
    """
    infusion = queries.lock(infusion)
    given = {"infusion": infusion, "rate": rate, "at": occurred_at, "reason": reason, "checked": checked_by}
    digest = content_hash(given)
    if key is not None and (row := repeated(RateChange, actor, key, digest)):
        return row
    at = occurred_at or timezone.now()
    check_moment(infusion, at, rate, happened=happened)
    course, setting = queries.course_of(infusion), pump_for(infusion, rate, at)
    findings: list[Finding] = []
    if not is_lowering(course, rate, at):
        findings = settle(
            _rise(actor, infusion, course, rate, at, setting, checked_by, happened),
            happened=happened,
            override_reason=override_reason,
        )
    if rate and infusion.ended_at is not None and at > infusion.ended_at:
        findings.append(_reopened(actor, infusion, course))
    row = enter_rate(
        actor,
        infusion,
        rate=rate,
        at=at,
        reason=reason,
        setting=setting,
        checked_by=checked_by,
        key=key,
        digest=digest,
        origin=origin,
    )
    record_deviations(
        actor,
        findings,
        participant=infusion.participant,
        what=f"Rate {rate} mg/kg/h",
        at=at,
        source=row,
        override_reason=override_reason,
    )
    return row


def pause_infusion(
    actor: User,
    infusion: Infusion,
    *,
    reason: str,
    occurred_at: datetime | None = None,
    key: UUID | None = None,
    origin: str = "form",
) -> RateChange:
    """Pause the pump; never refused while the infusion is on."""
    return change_rate(
        actor,
        infusion,
        rate=Decimal(0),
        occurred_at=occurred_at,
        reason=reason,
        happened=True,
        key=key,
        origin=origin,
    )


def resume_infusion(
    actor: User,
    infusion: Infusion,
    *,
    reason: str,
    occurred_at: datetime | None = None,
    checked_by: User | None = None,
    happened: bool = False,
    override_reason: str = "",
    key: UUID | None = None,
    origin: str = "form",
) -> RateChange:
    """Run again at the rate that the pause interrupted."""
    rate = queries.course_of(infusion).running_rate(occurred_at or timezone.now())
    return change_rate(
        actor,
        infusion,
        rate=rate,
        occurred_at=occurred_at,
        reason=reason,
        checked_by=checked_by,
        happened=happened,
        override_reason=override_reason,
        key=key,
        origin=origin,
    )


@transaction.atomic
def hang_bag(
    actor: User,
    infusion: Infusion,
    *,
    concentration: Decimal,
    volume_ml: Decimal,
    lot: str = "",
    occurred_at: datetime | None = None,
    happened: bool = False,
    override_reason: str = "",
    key: UUID | None = None,
    origin: str = "form",
) -> Bag:
    """Hang a bag (mg/mL, mL). Another concentration sets the pump anew at the same rate, as a rate event."""
    infusion = queries.lock(infusion)
    values = {"infusion": infusion, "concentration": concentration, "volume_ml": volume_ml, "lot": lot}
    given = {**values, "participant": infusion.participant, "visit": None, "occurred_at": occurred_at}
    if key is not None and (bag := repeated(Bag, actor, key, content_hash(given))):
        return bag
    at, participant = occurred_at or timezone.now(), infusion.participant
    rules, rate = protocol_of(participant), queries.course_of(infusion).rate_at(at)
    if concentration <= 0:
        raise ValidationError({"concentration": "The concentration must be above 0 mg/mL."})
    before = queries.bag_at(infusion, at)
    setting = pump_setting(infusion.dosing_weight_kg, rate, concentration, rules)
    if infusion.ended_at is not None and at > infusion.ended_at and not happened:
        raise ValidationError({"occurred_at": after_end(infusion)})
    found = [
        Finding(LIMIT, judge_concentration(concentration, rules)),
        Finding(LIMIT, setting.verdict, "concentration", subject=f"{PUMP} with the bag of {concentration} mg/mL"),
    ]
    findings = settle(found, happened=happened, override_reason=override_reason)
    bag = enter(
        Bag, actor, participant=participant, occurred_at=occurred_at, key=key, origin=origin, reason="bag hung",
        **values,
    )  # fmt: skip
    if rate and (before is None or before.concentration != concentration):
        enter_rate(
            actor,
            infusion,
            rate=rate,
            at=at,
            reason=f"new bag, {concentration} mg/mL",
            setting=setting,
            origin=origin,
        )
    record_deviations(
        actor,
        findings,
        participant=participant,
        what=f"Bag of {concentration} mg/mL",
        at=at,
        source=bag,
        override_reason=override_reason,
    )
    return bag


def enter_rate(
    actor: User,
    infusion: Infusion,
    *,
    rate: Decimal,
    at: datetime,
    reason: str,
    setting: PumpSetting | None,
    checked_by: User | None = None,
    key: UUID | None = None,
    digest: str = "",
    origin: str = "form",
) -> RateChange:
    """Save a rate event of a locked infusion, with the pump rate (mL/h) that belongs to it."""
    values = {
        "infusion": infusion,
        "rate": rate,
        "occurred_at": at,
        "explanation": reason,
        "checked_by": checked_by,
    }
    return put(
        RateChange,
        actor,
        key=key,
        reason=reason.strip() or "rate recorded",
        digest=digest or content_hash(values),
        site_id=infusion.site_id,
        participant=infusion.participant,
        protocol_version=infusion.protocol_version,
        origin=origin,
        pump_rate=setting.programmed if setting else None,
        **values,
    )


def pump_for(infusion: Infusion, rate: Decimal, at: datetime) -> PumpSetting | None:
    """The pump setting for a rate with the bag that hangs; None where no bag is recorded."""
    bag = queries.bag_at(infusion, at)
    if bag is None:
        return None
    return pump_setting(infusion.dosing_weight_kg, rate, bag.concentration, protocol_of(infusion.participant))


def check_moment(infusion: Infusion, at: datetime, rate: Decimal, *, happened: bool) -> None:
    """Refuse a moment that cannot be: before the start, or an order after the end."""
    zone = infusion.participant.site.zone
    if rate < 0:
        raise ValidationError({"rate": "A rate cannot be negative; 0 pauses the infusion."})
    if at < infusion.occurred_at:
        started = infusion.occurred_at.astimezone(zone).strftime("%Y-%m-%d %H:%M")
        raise ValidationError({"occurred_at": f"The infusion started {started}; a rate cannot be set before."})
    if rate and infusion.ended_at is not None and not happened:
        raise ValidationError({"occurred_at": f"{after_end(infusion)} If it ran again, say that this has happened."})


def after_end(infusion: Infusion) -> str:
    """When the infusion ended, at the site's time; nothing is ordered after that."""
    if infusion.ended_at is None:
        raise ValueError("The infusion has not ended.")
    ended = infusion.ended_at.astimezone(infusion.participant.site.zone).strftime("%Y-%m-%d %H:%M")
    return f"The infusion ended {ended}."


def reopen(actor: User, infusion: Infusion, *, version: int, reason: str) -> Infusion:
    """Take back the recorded end, and what was counted from it; raises StaleRecord, ReasonRequired."""
    none = {"ended_at": None, "is_completed": None, "end_reason": ""}
    again = amend(infusion, actor, version=version, reason=reason, **none)
    participants.infusion_reopened(actor, infusion.participant, reason=reason)
    return again


def _reopened(actor: User, infusion: Infusion, course: Course) -> Finding:
    """Take back the recorded end of an infusion that ran again, with what stood against that end, and say so."""
    why = "The infusion ran again after its recorded end"
    again = reopen(actor, infusion, version=infusion.version, reason=why)
    if course.ended_at is not None:
        late = judge_end(course, course.ended_at, protocol_of(infusion.participant))
        judge_anew(actor, again, [Finding(LIMIT, late)], [], what=END, why=why)
    return Finding(Deviation.Kind.ORDER, warn(why))


def _rise(
    actor: User,
    infusion: Infusion,
    course: Course,
    rate: Decimal,
    at: datetime,
    setting: PumpSetting | None,
    checked_by: User | None,
    happened: bool,
) -> list[Finding]:
    """Everything that may stand against raising or resuming the rate."""
    rules = protocol_of(infusion.participant)
    waits = _waits(infusion, course, at)
    found = [
        Finding(LIMIT, verdict, advice=waits if verdict.key.startswith(INTERVAL) else "")
        for verdict in against_rate(course, rate, at, infusion.dosing_weight_kg, rules)
    ]
    found += [*against_pump(setting, rate), *against_vital_signs(infusion, rate, at)]
    if not happened:
        order = f"Order of {rate} mg/kg/h"
        is_checked = checked_by is not None and checked_by != actor
        found.append(Finding(LIMIT, judge_check(is_checked), "checked_by", subject=order))
        if setting is None:
            why = "No bag is recorded, so the pump rate cannot be worked out; hang the bag first"
            found.append(Finding(LIMIT, warn(why), subject=order))
    return found


def against_pump(setting: PumpSetting | None, rate: Decimal) -> list[Finding]:
    """What stands against running a rate (mg/kg/h) on the pump."""
    return [Finding(LIMIT, setting.verdict, subject=f"{PUMP} at {rate} mg/kg/h")] if setting is not None else []


def against_vital_signs(infusion: Infusion, rate: Decimal, at: datetime) -> list[Finding]:
    """What the last vital signs say against raising to a rate (mg/kg/h) at an instant."""
    last = queries.vitals_before(infusion.participant, at)
    if last is None:
        return []
    rules = protocol_of(infusion.participant)
    triggers = judge_vitals({name: getattr(last, name) for name in VITALS}, rules)
    return [Finding(LIMIT, judge_increase(triggers), subject=f"{VITAL_SIGNS} at {rate} mg/kg/h")]


def _waits(infusion: Infusion, course: Course, at: datetime) -> str:
    """From when on the rate may rise, at the site's time."""
    zone = infusion.participant.site.zone
    earliest = earliest_increase(course, at, protocol_of(infusion.participant))
    if earliest is None:
        return ""
    with_reason, freely = (moment.astimezone(zone).strftime("%Y-%m-%d %H:%M") for moment in earliest)
    if at < earliest.with_reason:
        return f"Allowed with a reason from {with_reason}, without one from {freely}."
    return f"Without one from {freely}."
