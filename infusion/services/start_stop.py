"""The beginning and the end of an infusion."""

from __future__ import annotations

from dataclasses import dataclass, replace
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
    against_rate,
    against_weight,
    judge_check,
    judge_concentration,
    judge_end,
    pump_setting,
)
from infusion.services.rates import END, enter_rate
from infusion.services.verdicts import Finding, judge_anew, record_deviations, settle
from trial.participants import services as participants
from trial.participants.models import Cohort, Participant
from trial.participants.queries import progress_of, protocol_of
from trial.participants.rules import judge_order
from trial.records.services import RecordError, amend, content_hash, enter, put, repeated
from trial.rules.verdict import refuse, warn
from trial.safety.models import Deviation
from trial.signatures.sign_off import require_signed_protocol
from trial.users.models import User

LIMIT = Deviation.Kind.LIMIT
START = "Start of the infusion"
NO_REASON = "no reason given yet"


@dataclass(frozen=True)
class First:
    """What runs first: dosing weight, rate (mg/kg/h), and the bag (mg/mL, mL) if one is named."""

    weight_kg: Decimal
    rate: Decimal
    concentration: Decimal | None
    volume_ml: Decimal | None
    lot: str
    checked_by: User | None

    def plain(self) -> First:
        """The same without trailing zeros, as it is said whether typed or read back."""
        rate, bag = _plain(self.rate), self.concentration
        return replace(self, rate=rate, concentration=None if bag is None else _plain(bag))

    def check(self) -> None:
        """Refuse what no pump could run; raises ValidationError."""
        for name, value in (
            ("weight", self.weight_kg),
            ("rate", self.rate),
            ("concentration", self.concentration),
        ):
            if value is not None and value <= 0:
                raise ValidationError(f"The {name} must be above 0.")
        if (self.concentration is None) != (self.volume_ml is None):
            raise ValidationError("Name both the concentration and the volume of the first bag, or neither.")


@transaction.atomic
def start_infusion(
    actor: User,
    participant: Participant,
    *,
    dosing_weight_kg: Decimal,
    rate: Decimal | None = None,
    concentration: Decimal | None = None,
    volume_ml: Decimal | None = None,
    lot: str = "",
    occurred_at: datetime | None = None,
    checked_by: User | None = None,
    happened: bool = False,
    override_reason: str = "",
    key: UUID | None = None,
    origin: str = "form",
) -> Infusion:
    """Start the infusion at *rate* (mg/kg/h; the protocol's starting rate when None), hanging a bag if named.

    An order is refused before consent, eligibility and the protocol's signatures; what has happened is recorded with
    a deviation. Raises RuleBroken, KeyReused, ValidationError, RecordError where one exists.
    """
    participant = queries.lock_participant(participant)
    rate = protocol_of(participant).titration.start.rate.decimal if rate is None else rate
    first = First(dosing_weight_kg, rate, concentration, volume_ml, lot, checked_by)
    digest = content_hash({"participant": participant, "occurred_at": occurred_at, **vars(first)})
    if key is not None and (row := repeated(Infusion, actor, key, digest)):
        return row
    if queries.infusion_of(participant) is not None:
        raise RecordError(f"{participant} already has an infusion; change its rate or record its end.")
    first.check()
    at = occurred_at or timezone.now()
    if not happened:  # what has happened is reported by infusion_began below
        _require_admission(participant, at)
    against = _first_rate(actor, participant, at, first, happened=happened)
    findings = settle(against, happened=happened, override_reason=override_reason)
    infusion = put(
        Infusion,
        actor,
        key=key,
        reason="infusion started",
        digest=digest,
        site_id=participant.site_id,
        participant=participant,
        occurred_at=at,
        protocol_version=participant.protocol_version,
        origin=origin,
        dosing_weight_kg=dosing_weight_kg,
    )
    _run(actor, infusion, first)
    participants.infusion_began(actor, participant, at, origin=origin)
    record_deviations(
        actor,
        findings,
        participant=participant,
        what=START,
        at=at,
        source=infusion,
        override_reason=override_reason,
    )
    return infusion


@transaction.atomic
def stop_infusion(
    actor: User,
    infusion: Infusion,
    *,
    completed: bool,
    reason: str = "",
    occurred_at: datetime | None = None,
    key: UUID | None = None,
    origin: str = "form",
) -> Infusion:
    """End the infusion; never refused. Beyond duration or cumulative dose a deviation is recorded.

    Raises RecordError where an end is recorded already, KeyReused, ValidationError before the start.
    """
    infusion = queries.lock(infusion)
    given = {"infusion": infusion, "completed": completed, "reason": reason, "occurred_at": occurred_at}
    digest = content_hash(given)
    if key is not None and repeated(RateChange, actor, key, digest):
        return infusion
    at = check_end(infusion, occurred_at or timezone.now())
    if infusion.ended_at is not None:
        raise RecordError(f"The end of {infusion.participant}'s infusion is recorded already; correct that record.")
    said = reason.strip() or ("planned end" if completed else NO_REASON)
    enter_rate(
        actor,
        infusion,
        rate=Decimal(0),
        at=at,
        reason=said,
        setting=None,
        key=key,
        digest=digest,
        origin=origin,
    )
    ended = close(actor, infusion, at, completed, said, f"infusion ended: {said}")
    verdict = judge_end(queries.course_of(ended), at, protocol_of(ended.participant))
    findings = settle([Finding(LIMIT, verdict)], happened=True, override_reason="")
    record_deviations(actor, findings, participant=ended.participant, what=END, at=at, source=ended)
    return ended


def _run(actor: User, infusion: Infusion, first: First) -> None:
    """Save the first bag, if one is named, and the first rate."""
    participant, at, setting = infusion.participant, infusion.occurred_at, None
    if first.concentration is not None:
        setting = pump_setting(first.weight_kg, first.rate, first.concentration, protocol_of(participant))
        enter(
            Bag,
            actor,
            participant=participant,
            occurred_at=at,
            origin=infusion.origin,
            reason="bag hung",
            infusion=infusion,
            concentration=first.concentration,
            volume_ml=first.volume_ml,
            lot=first.lot,
        )
    enter_rate(
        actor,
        infusion,
        rate=first.rate,
        at=at,
        reason="start",
        setting=setting,
        checked_by=first.checked_by,
        origin=infusion.origin,
    )


def close(actor: User, infusion: Infusion, at: datetime, completed: bool, end_reason: str, reason: str) -> Infusion:
    """Save the end, and tell the participant's statuses and windows."""
    ended = amend(
        infusion,
        actor,
        version=infusion.version,
        reason=reason,
        ended_at=at,
        is_completed=completed,
        end_reason=end_reason,
    )
    participant = infusion.participant
    participants.infusion_ended(actor, participant, at, completed=completed, reason=end_reason, origin=infusion.origin)
    return ended


def check_end(infusion: Infusion, at: datetime) -> datetime:
    """The moment of an end, if it can be one; raises ValidationError before the start."""
    if at < infusion.occurred_at:
        raise ValidationError({"occurred_at": "The end lies before the start of the infusion; check both times."})
    return at


def _require_admission(participant: Participant, at: datetime) -> None:
    """Refuse to order the infusion for this person at all; raises RuleBroken, ProtocolUnsigned."""
    require_signed_protocol(participant.site, participant.protocol_version, START)
    progress = progress_of(participant)
    found = [judge_order("infusion", progress)]
    if progress.consented_at is not None and progress.consented_at > at:
        found.append(refuse("Consent was signed only after this start; check both times"))
    against = [Finding(Deviation.Kind.ORDER, verdict) for verdict in found]
    settle(against, happened=False, override_reason="")


def _first_rate(actor: User, participant: Participant, at: datetime, first: First, *, happened: bool) -> list[Finding]:
    """What stands against the person, the weight, the first rate and the first bag."""
    rules = protocol_of(participant)
    is_control = participant.cohort == Cohort.CONTROL
    against = [
        *([refuse("A control is never infused")] if is_control else []),
        *against_rate(Course(at), first.rate, at, first.weight_kg, rules),
    ]
    found = [Finding(LIMIT, verdict) for verdict in against]
    for verdict in against_weight(first.weight_kg, queries.screened_weight(participant), rules):
        found.append(Finding(LIMIT, verdict, subject=f"Weight {first.weight_kg} kg"))
    if first.concentration is not None:
        setting = pump_setting(first.weight_kg, first.rate, first.concentration, rules)
        found.append(Finding(LIMIT, judge_concentration(first.concentration, rules)))
        found.append(Finding(LIMIT, setting.verdict, "concentration"))
    if not happened:
        is_checked = first.checked_by is not None and first.checked_by != actor
        found.append(Finding(LIMIT, judge_check(is_checked), "checked_by"))
        if first.concentration is None:
            why = "No bag is named, so the pump rate cannot be worked out; give its concentration"
            found.append(Finding(LIMIT, warn(why), "concentration"))
    return found


def first_of(infusion: Infusion, row: RateChange) -> First:
    """What ran first, as it is recorded now: the first rate, and the bag that hung then."""
    bag, weight = queries.bag_at(infusion, infusion.occurred_at), infusion.dosing_weight_kg
    if bag is None:
        return First(weight, row.rate, None, None, "", row.checked_by)
    return First(weight, row.rate, bag.concentration, bag.volume_ml, bag.lot, row.checked_by)


def judge_start_anew(actor: User, infusion: Infusion, was: First, now: First, *, why: str) -> None:
    """Judge what was found at the start by its corrected weight, first rate or first bag.

    What departs of the corrected rate or bag is recorded against these, so it is said here no more.
    """
    open_rows = Deviation.objects.filter(source_id=infusion.pk, is_automatic=True, closed_at=None)
    said = " ".join(open_rows.filter(summary__startswith=START).values_list("summary", flat=True))
    before, after = (_found_at_start(infusion, first, said) for first in (was, now))
    rates = [[one for one in found if one.place == "rate"] for found in (before, after)]
    is_rate_alike, is_own = rates[0] == rates[1], (was.rate, was.concentration) == (now.rate, now.concentration)
    kept = [one for one in after if (is_rate_alike if one.place == "rate" else is_own or one in before)]
    judge_anew(actor, infusion, before, kept, what=START, why=why)


def _found_at_start(infusion: Infusion, first: First, said: str) -> list[Finding]:
    """What stands against a start but for its weight, and of what only an order needs the lack that was *said*."""
    person, by, at = infusion.participant, infusion.entered_by, infusion.occurred_at
    facts = _first_rate(by, person, at, first.plain(), happened=True)
    ordered = _first_rate(by, person, at, first.plain(), happened=False)[len(facts) :]
    found = [*facts, *(one for one in ordered if one.verdict.why.rstrip(".") in said)]
    return [one for one in found if not one.verdict.ok and one.place != "dosing_weight_kg"]


def _plain(amount: Decimal) -> Decimal:
    return Decimal(f"{amount.normalize():f}")
