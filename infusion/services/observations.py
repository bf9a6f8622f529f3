"""Recording what was observed: vital signs, side effects and serum levels. These are always facts."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from decimal import Decimal
from uuid import UUID, uuid4

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from infusion.models import SerumLevel, SerumSample, SideEffects, Vitals
from infusion.rules import alert_level, judge_vitals
from infusion.services.visits import attend
from trial.audit.context import audited
from trial.participants.models import Participant, Visit
from trial.participants.queries import protocol_of
from trial.protocol import Protocol, Trigger
from trial.records.services import check_fields, content_hash, enter, put, repeated
from trial.safety import services as safety
from trial.users.models import User

VITALS_ALERT = "vital_signs"
READINGS = ("systolic", "diastolic", "heart_rate", "respiratory_rate", "oxygen_saturation")


@transaction.atomic
def record_vitals(
    actor: User,
    participant: Participant,
    *,
    systolic: int,
    diastolic: int,
    heart_rate: int,
    respiratory_rate: int | None = None,
    oxygen_saturation: int | None = None,
    comment: str = "",
    occurred_at: datetime | None = None,
    visit: Visit | None = None,
    key: UUID | None = None,
    origin: str = "form",
) -> Vitals:
    """Record vital signs (mmHg, beats/min, breaths/min, %) and raise an alert for the triggers they pull."""
    readings = {
        "systolic": systolic,
        "diastolic": diastolic,
        "heart_rate": heart_rate,
        "respiratory_rate": respiratory_rate,
        "oxygen_saturation": oxygen_saturation,
    }
    values = {**readings, "comment": comment}
    given = {**values, "participant": participant, "visit": visit, "occurred_at": occurred_at}
    if key is not None and (row := repeated(Vitals, actor, key, content_hash(given))):
        return row
    check_pressures(systolic, diastolic)
    row = enter(
        Vitals,
        actor,
        participant=participant,
        visit=visit,
        occurred_at=occurred_at,
        key=key,
        origin=origin,
        reason="vital signs recorded",
        **values,
    )
    alert(actor, row)
    attend(actor, visit, row.occurred_at)
    return row


@transaction.atomic
def record_side_effects(
    actor: User,
    participant: Participant,
    *,
    scores: Mapping[str, int],
    other: str = "",
    occurred_at: datetime | None = None,
    visit: Visit | None = None,
    key: UUID | None = None,
    origin: str = "form",
) -> SideEffects:
    """Record the checklist: item id of the protocol to grade; an item not asked is absent, never 0.

    Raises ValidationError for an item or a grade that the protocol does not know.
    """
    check_scores(scores, protocol_of(participant))
    row = enter(
        SideEffects,
        actor,
        participant=participant,
        visit=visit,
        occurred_at=occurred_at,
        key=key,
        origin=origin,
        reason="side effects recorded",
        scores=dict(scores),
        other=other,
    )
    attend(actor, visit, row.occurred_at)
    return row


@transaction.atomic
def record_serum_sample(
    actor: User,
    participant: Participant,
    *,
    sample: str,
    levels: Mapping[str, Decimal | None],
    comment: str = "",
    occurred_at: datetime | None = None,
    visit: Visit | None = None,
    key: UUID | None = None,
    origin: str = "form",
) -> SerumSample:
    """Record a sample drawn at a sampling point of the protocol, with its levels in ng/mL.

    levels: analyte id to concentration; None is below the limit of quantification; an analyte that was not
    measured is absent. Raises ValidationError for an unknown sampling point, analyte or a negative level.
    """
    check_levels(sample, levels, protocol_of(participant))
    own = {"sample": sample, "comment": comment}
    given = {
        **own,
        "levels": dict(levels),
        "participant": participant,
        "visit": visit,
        "occurred_at": occurred_at,
    }
    digest = content_hash(given)
    if key is not None and (row := repeated(SerumSample, actor, key, digest)):
        return row
    row = put(
        SerumSample,
        actor,
        key=key,
        reason="serum levels recorded",
        digest=digest,
        site_id=participant.site_id,
        participant=participant,
        visit=visit,
        occurred_at=occurred_at or timezone.now(),
        protocol_version=participant.protocol_version,
        origin=origin,
        **own,
    )
    if row.is_repeat:
        return row
    made = [make_level(row, analyte, value) for analyte, value in levels.items()]
    with audited(actor, "serum levels recorded"):
        SerumLevel.objects.bulk_create(made)
    attend(actor, visit, row.occurred_at)
    return row


def check_pressures(systolic: int, diastolic: int) -> None:
    """Refuse pressures that cannot be; raises ValidationError."""
    if diastolic >= systolic:
        raise ValidationError({"diastolic": "The diastolic pressure must be below the systolic; check both."})


def pulled_by(row: Vitals) -> tuple[Trigger, ...]:
    """The triggers that vital signs pull, the gravest first."""
    return judge_vitals({name: getattr(row, name) for name in READINGS}, protocol_of(row.participant))


def alert(actor: User, row: Vitals, *, known: Collection[Trigger] = ()) -> None:
    """Raise the alert that vital signs call for, unless every trigger they pull is *known* already."""
    triggers = pulled_by(row)
    level = alert_level(triggers)
    if level is None or set(triggers) <= set(known):
        return
    said = "; ".join(f"{t.label} ({getattr(row, t.variable)} {t.threshold.unit})" for t in triggers)
    safety.raise_alert(
        actor,
        participant=row.participant,
        visit=row.visit,
        kind=VITALS_ALERT,
        level=level,
        summary=f"{said}. {triggers[0].instruction.text}"[:300],
        source=row,
        occurred_at=row.occurred_at,
        origin=row.origin,
    )


def make_level(sample: SerumSample, analyte: str, concentration: Decimal | None) -> SerumLevel:
    """A level (ng/mL; None is below the limit) of a sample, checked and not yet saved."""
    level = SerumLevel(
        entered_by=sample.entered_by,
        key=uuid4(),
        route=SerumLevel._meta.label_lower,
        origin=sample.origin,
        content_hash=content_hash({"analyte": analyte, "concentration": concentration}),
        protocol_version=sample.protocol_version,
        site_id=sample.site_id,
        participant_id=sample.participant_id,
        visit_id=sample.visit_id,
        occurred_at=sample.occurred_at,
        sample=sample,
        analyte=analyte,
        concentration=concentration,
        below_limit=concentration is None,
    )
    check_fields(level)
    return level


def check_scores(scores: Mapping[str, int], protocol: Protocol) -> None:
    """Refuse items and grades that the checklist does not have; raises ValidationError."""
    checklist = protocol.side_effects
    grades = {grade.grade.integer for grade in checklist.grades.values()}
    if unknown := sorted(set(scores) - set(checklist.items)):
        raise ValidationError({"scores": f"The checklist has no {', '.join(unknown)}; record it as an adverse event."})
    if wrong := sorted(item for item, grade in scores.items() if type(grade) is not int or grade not in grades):
        raise ValidationError({"scores": f"Grade {', '.join(wrong)} from {min(grades)} to {max(grades)}."})


def check_levels(sample: str, levels: Mapping[str, Decimal | None], protocol: Protocol) -> None:
    """Refuse points and analytes that are not sampled, and levels that cannot be; raises ValidationError."""
    if sample not in protocol.serum.samples:
        known = ", ".join(protocol.serum.samples)
        raise ValidationError({"sample": f"There is no sampling point {sample!r}; choose one of {known}."})
    if unknown := sorted(set(levels) - set(protocol.serum.analytes)):
        raise ValidationError(f"{', '.join(unknown)} is not measured in this trial.")
    if negative := sorted(name for name, value in levels.items() if value is not None and value < 0):
        raise ValidationError(f"{', '.join(negative)}: a concentration cannot be negative.")
