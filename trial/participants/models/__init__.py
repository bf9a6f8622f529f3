"""Tables of participants, their consent, screening, visits and statuses."""

from __future__ import annotations

from trial.participants.models.eligibility import CriterionJudgement, EligibilityDecision
from trial.participants.models.participant import (
    Cohort,
    Consent,
    Demographics,
    Participant,
    ProtocolMove,
    Status,
    Visit,
)
from trial.participants.models.screening import (
    AntidepressantTrial,
    Diagnosis,
    DrugTest,
    Electrocardiogram,
    Laboratory,
    MedicalHistory,
    Medication,
    MedicationDose,
    MriSafety,
    PhysicalExamination,
    PregnancyTest,
    Presence,
    PsychiatricHistory,
)

__all__ = [
    "AntidepressantTrial",
    "Cohort",
    "Consent",
    "CriterionJudgement",
    "Demographics",
    "Diagnosis",
    "DrugTest",
    "Electrocardiogram",
    "EligibilityDecision",
    "Laboratory",
    "MedicalHistory",
    "Medication",
    "MedicationDose",
    "MriSafety",
    "Participant",
    "PhysicalExamination",
    "PregnancyTest",
    "Presence",
    "ProtocolMove",
    "PsychiatricHistory",
    "Status",
    "Visit",
]
