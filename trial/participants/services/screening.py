"""Screening records: what can be is always recordable; dated before consent it raises a consent deviation."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from trial.audit.context import audited
from trial.participants import queries
from trial.participants.models import Medication, MedicationDose, Participant, Visit
from trial.participants.screening import FORMS
from trial.participants.services.contradictions import refuse_contradiction
from trial.participants.services.order import report, report_consent
from trial.records.events import ask, emit
from trial.records.models import ClinicalRecord, Origin
from trial.records.services import amend, enter
from trial.rules.deviations import consent_deviation
from trial.users.models import User


def record_screening(
    actor: User,
    participant: Participant,
    *,
    slug: str,
    occurred_at: datetime,
    visit: Visit | None = None,
    key: uuid.UUID | None = None,
    origin: str = Origin.FORM,
    **values: Any,
) -> ClinicalRecord:
    """Enter one screening form by its slug in ``screening.FORMS``.

    Raises KeyError, ValidationError for what cannot be, RecordError for what another form contradicts.
    """
    form = FORMS[slug]
    with audited(actor, f"{form.title} entered"):
        record = enter(
            form.model,
            actor,
            participant=participant,
            visit=visit,
            occurred_at=occurred_at,
            key=key,
            origin=origin,
            **values,
        )
        refuse_contradiction(participant, record)
        report_consent(actor, participant, form.title, occurred_at=occurred_at, source=record, visit=visit)
    return record


def correct_screening(
    actor: User, record: ClinicalRecord, *, version: int, reason: str, **values: Any
) -> ClinicalRecord:
    """Correct a screening record; a date now before consent raises a deviation, one now after it closes it."""
    with audited(actor, reason.strip() or "corrected"):
        saved = amend(record, actor, version=version, reason=reason, **values)
        refuse_contradiction(saved.participant, saved)
        judge_consent_anew(actor, saved, "the record was corrected.")
    return saved


def judge_consent_anew(actor: User, record: ClinicalRecord, why: str) -> None:
    """Close a consent deviation about a record that holds no longer, saying *why*, and report one that does now."""
    participant, at = record.participant, record.occurred_at
    title = next(form.title for form in FORMS.values() if form.model is type(record))
    found = consent_deviation(title, at, queries.consented_at(participant), participant.site.zone)
    emit("deviations.judged", actor=actor, source=record, standing=[] if found is None else [found], why=why)
    report(actor, participant, found, occurred_at=at, source=record)


def judge_screening_anew(actor: User, participant: Participant, why: str) -> None:
    """Judge every screening record with an open deviation by the consent as it is recorded now."""
    for form in FORMS.values():
        in_question = ask("deviations.open", participant=participant, table=form.model._meta.label_lower)
        for record in form.model._default_manager.filter(pk__in=in_question) if in_question else ():
            judge_consent_anew(actor, record, why)


def record_dose(
    actor: User,
    medication: Medication,
    *,
    daily_dose_mg: Decimal,
    from_date: date,
    occurred_at: datetime,
    key: uuid.UUID | None = None,
    origin: str = Origin.FORM,
) -> MedicationDose:
    """Log a medicine's daily dose (mg) from a date on; a change of dose is a new row."""
    return enter(
        MedicationDose,
        actor,
        participant=medication.participant,
        occurred_at=occurred_at,
        key=key,
        origin=origin,
        medication=medication,
        daily_dose_mg=daily_dose_mg,
        from_date=from_date,
    )
