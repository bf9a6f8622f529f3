"""Correcting what was observed and hung: with a reason, from the version that was opened, never refused for a limit.

What a limit says of the corrected row is judged anew: a deviation that holds no longer is closed, a new one kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import transaction

from infusion import queries
from infusion.models import Bag, SerumSample, SideEffects, Vitals
from infusion.rules import judge_concentration, pump_setting
from infusion.services.observations import (
    alert,
    check_levels,
    check_pressures,
    check_scores,
    make_level,
    pulled_by,
)
from infusion.services.rates import PUMP
from infusion.services.start_stop import first_of, judge_start_anew
from infusion.services.verdicts import Finding, judge_anew
from infusion.services.visits import attend
from trial.audit.context import audited
from trial.participants.models import Visit
from trial.participants.queries import protocol_of
from trial.records.services import amend
from trial.rules.verdict import warn
from trial.safety.models import Deviation
from trial.users.models import User

LIMIT = Deviation.Kind.LIMIT


@transaction.atomic
def correct_vitals(
    actor: User,
    row: Vitals,
    *,
    version: int,
    reason: str,
    systolic: int,
    diastolic: int,
    heart_rate: int,
    respiratory_rate: int | None = None,
    oxygen_saturation: int | None = None,
    comment: str = "",
    occurred_at: datetime,
    visit: Visit | None = None,
) -> Vitals:
    """Correct vital signs; an alert follows for a trigger that they did not pull before.

    Raises StaleRecord, ReasonRequired, ValidationError.
    """
    check_pressures(systolic, diastolic)
    known, was_at = pulled_by(row), row.occurred_at
    saved = amend(
        row,
        actor,
        version=version,
        reason=reason,
        systolic=systolic,
        diastolic=diastolic,
        heart_rate=heart_rate,
        respiratory_rate=respiratory_rate,
        oxygen_saturation=oxygen_saturation,
        comment=comment,
        occurred_at=occurred_at,
        visit=visit,
    )
    alert(actor, saved, known=known)
    attend(actor, visit, occurred_at, moved_from=was_at)
    return saved


@transaction.atomic
def correct_side_effects(
    actor: User,
    row: SideEffects,
    *,
    version: int,
    reason: str,
    scores: Mapping[str, int],
    other: str = "",
    occurred_at: datetime,
    visit: Visit | None = None,
) -> SideEffects:
    """Correct a checklist as a whole; raises StaleRecord, ReasonRequired, ValidationError."""
    check_scores(scores, protocol_of(row.participant))
    was_at = row.occurred_at
    given = {"scores": dict(scores), "other": other, "occurred_at": occurred_at, "visit": visit}
    saved = amend(row, actor, version=version, reason=reason, **given)
    attend(actor, visit, occurred_at, moved_from=was_at)
    return saved


@transaction.atomic
def correct_serum_sample(
    actor: User,
    row: SerumSample,
    *,
    version: int,
    reason: str,
    sample: str,
    levels: Mapping[str, Decimal | None],
    comment: str = "",
    occurred_at: datetime,
    visit: Visit | None = None,
) -> SerumSample:
    """Correct a sample with its levels as a whole: a level that is named no more is removed; the trail keeps it.

    levels: analyte id to ng/mL, None below the limit. Raises StaleRecord, ReasonRequired, ValidationError.
    """
    check_levels(sample, levels, protocol_of(row.participant))
    was_at = row.occurred_at
    given = {"sample": sample, "comment": comment, "occurred_at": occurred_at, "visit": visit}
    saved = amend(row, actor, version=version, reason=reason, **given)
    with audited(actor, reason):
        there = {level.analyte: level for level in saved.levels.all()}
        for analyte in there.keys() - levels.keys():
            there[analyte].delete()
        for analyte, level in levels.items():
            if (known := there.get(analyte)) is None:
                added = make_level(saved, analyte, level)
                added.entered_by = actor
                added.save(force_insert=True)
            elif (known.concentration, known.occurred_at, known.visit_id) != (level, occurred_at, saved.visit_id):
                value = {"concentration": level, "below_limit": level is None}
                moved = {"occurred_at": occurred_at, "visit": visit}
                amend(known, actor, version=known.version, reason=reason, **value, **moved)
    attend(actor, visit, occurred_at, moved_from=was_at)
    return saved


@transaction.atomic
def correct_bag(
    actor: User,
    row: Bag,
    *,
    version: int,
    reason: str,
    concentration: Decimal,
    volume_ml: Decimal,
    lot: str = "",
    occurred_at: datetime,
) -> Bag:
    """Correct a bag (mg/mL, mL). Rates that ran from it stay as recorded: what the pump ran is known at the bedside.

    Where the concentration was another, a deviation asks for a check of the rates. Raises StaleRecord,
    ReasonRequired, ValidationError.
    """
    if concentration <= 0:
        raise ValidationError({"concentration": "The concentration must be above 0 mg/mL."})
    infusion = queries.lock(row.infusion)
    rules, before = protocol_of(infusion.participant), row.concentration
    given = {"concentration": concentration, "volume_ml": volume_ml, "lot": lot, "occurred_at": occurred_at}
    hung_first = queries.bag_at(infusion, infusion.occurred_at)
    first = first_of(infusion, queries.rates_of(infusion)[0])
    saved = amend(row, actor, version=version, reason=reason, **given)
    if hung_first is not None and hung_first.pk == row.pk:
        judge_start_anew(actor, infusion, first, replace(first, concentration=concentration), why=reason)
    after = [Finding(LIMIT, judge_concentration(concentration, rules))]
    if concentration != before:
        why = f"recorded as {before} mg/mL until corrected; check the pump rates that were set for it"
        after.append(Finding(LIMIT, warn(why)))
    judged = [Finding(LIMIT, judge_concentration(before, rules))]
    judge_anew(actor, saved, judged, after, what=f"Bag of {concentration} mg/mL", why=reason)
    _judge_pump_anew(actor, saved, before, reason)
    return saved


def _judge_pump_anew(actor: User, bag: Bag, was: Decimal, reason: str) -> None:
    """Close what stood against the pump with a bag of another concentration, or say it of this one.

    Nothing is said anew where nothing stood: the pump was not set for the corrected bag.
    """
    rules, rate = protocol_of(bag.participant), queries.course_of(bag.infusion).rate_at(bag.occurred_at)
    weight = bag.infusion.dosing_weight_kg
    before, now = (pump_setting(weight, rate, mg_per_ml, rules).verdict for mg_per_ml in (was, bag.concentration))
    if not before.ok:
        what = f"{PUMP} with the bag of {bag.concentration} mg/mL"
        judge_anew(actor, bag, [Finding(LIMIT, before)], [Finding(LIMIT, now)], what=what, why=reason)
