"""Screening records: what can be is always recordable; dated before consent it raises a consent deviation."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from trial.audit.context import audited
from trial.participants.models import Medication, MedicationDose, Participant, Visit
from trial.participants.screening import FORMS
from trial.participants.services.contradictions import refuse_contradiction
from trial.participants.services.order import report_consent
from trial.records.models import ClinicalRecord, Origin
from trial.records.services import amend, enter
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
    """Correct a screening record; a date now before consent raises a deviation like a new one."""
    with audited(actor, reason.strip() or "corrected"):
        saved = amend(record, actor, version=version, reason=reason, **values)
        refuse_contradiction(saved.participant, saved)
        title = next(form.title for form in FORMS.values() if form.model is type(record))
        report_consent(actor, saved.participant, title, occurred_at=saved.occurred_at, source=saved)
    return saved


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
