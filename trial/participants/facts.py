"""What is known of a participant at the decision, gathered for the rules of eligibility."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from django.db.models import QuerySet

from trial.participants import queries
from trial.participants.models import (
    AntidepressantTrial,
    CriterionJudgement,
    Demographics,
    Electrocardiogram,
    MedicalHistory,
    Medication,
    Participant,
    PhysicalExamination,
)
from trial.records.events import ask
from trial.rules import eligibility as rules

ENTRY_INSTRUMENT = "madrs"


def judge(participant: Participant) -> rules.Eligibility:
    """Judge every criterion of the participant's protocol version from what is recorded now."""
    return rules.judge_eligibility(queries.protocol_of(participant), gather(participant))


def gather(participant: Participant) -> rules.Facts:
    """Collect what the criteria ask; what nobody recorded stays None."""
    total = ask("assessments.entry_total", participant=participant, instrument=ENTRY_INSTRUMENT)
    return rules.Facts(
        age=Demographics.objects.filter(participant=participant).values_list("age_years", flat=True).first(),
        madrs_total=None if total is None else int(total),
        heart_rate=_heart_rate(participant),
        antidepressant_trials=_trials(participant),
        medications=_medications(participant),
        infusion_on=_infusion_day(participant),
        judgements=found_by_psychiatrist(participant),
    )


def latest_judgements(participant: Participant) -> dict[str, CriterionJudgement]:
    """The psychiatrist's latest judgement of each criterion that has one."""
    rows = CriterionJudgement.objects.filter(participant=participant, is_automatic=False)
    return {row.criterion: row for row in rows.order_by("occurred_at", "entered_at")}


def found_by_psychiatrist(participant: Participant) -> dict[str, bool | None]:
    """For each judged criterion, whether its text was found true; None where it is not known."""
    criteria = queries.protocol_of(participant).eligibility
    return {
        criterion: None if row.verdict == "unknown" else (row.verdict == "pass") == (kind == "inclusion")
        for criterion, row in latest_judgements(participant).items()
        if (kind := criteria[criterion].kind)
    }


def _heart_rate(participant: Participant) -> Decimal | None:
    """The lower of the latest ECG and the latest examination: either shows a slow heart."""
    rates = [
        _latest(model.objects.filter(participant=participant)) for model in (Electrocardiogram, PhysicalExamination)
    ]
    known = [rate for rate in rates if rate is not None]
    return Decimal(min(known)) if known else None


def _latest(rows: QuerySet[Any]) -> int | None:
    measured = rows.filter(heart_rate__isnull=False).order_by("-occurred_at", "-entered_at")
    rate: int | None = measured.values_list("heart_rate", flat=True).first()
    return rate


def _known(answer: str) -> bool | None:
    return None if answer == "unknown" else answer == "yes"


def _trials(participant: Participant) -> tuple[rules.AntidepressantTrial, ...] | None:
    rows = list(AntidepressantTrial.objects.filter(participant=participant))
    if not rows:
        return None
    return tuple(
        rules.AntidepressantTrial(
            name=row.drug,
            in_current_episode=_known(row.in_current_episode),
            adequate_dose=_known(row.is_adequate),
            adequate_duration=_known(row.is_adequate),
            responded=_known(row.responded),
        )
        for row in rows
    )


def _medications(participant: Participant) -> tuple[rules.Medication, ...] | None:
    """None until a medicine is logged or the history says that none is taken."""
    rows = list(Medication.objects.filter(participant=participant).prefetch_related("doses"))
    if rows:
        return tuple(rules.Medication(row.drug, _drug_class(row.drug_class), _changes(row)) for row in rows)
    history = MedicalHistory.objects.filter(participant=participant).order_by("-occurred_at").first()
    return () if history is not None and history.takes_medicines == "no" else None


def _drug_class(drug_class: str) -> Literal["ssri", "snri", "other"]:
    if drug_class == "ssri":
        return "ssri"
    return "snri" if drug_class == "snri" else "other"


def _changes(medication: Medication) -> tuple[rules.DoseChange, ...]:
    changes = [rules.DoseChange(dose.from_date, dose.daily_dose_mg) for dose in medication.doses.all()]
    if medication.stopped_on is not None:
        changes.append(rules.DoseChange(medication.stopped_on, Decimal(0)))
    return tuple(sorted(changes, key=lambda change: change.on))


def _infusion_day(participant: Participant) -> date | None:
    start: datetime | None = queries.anchors_of(participant).infusion_start
    if start is not None:
        return start.astimezone(participant.site.zone).date()
    return participant.planned_infusion_on
