"""Forms of the participants' pages: shape only, no judgement."""

from __future__ import annotations

from trial.participants.forms.base import attempt
from trial.participants.forms.eligibility import DecisionForm, JudgementForm
from trial.participants.forms.enrolment import (
    ConsentForm,
    ContactForm,
    EnrolForm,
    MoveForm,
    PlanForm,
    StatusForm,
)
from trial.participants.forms.screening import DoseForm, screening_form
from trial.participants.forms.visits import HeldCorrectionForm, HeldForm, MissedForm

__all__ = [
    "ConsentForm",
    "ContactForm",
    "DecisionForm",
    "DoseForm",
    "EnrolForm",
    "HeldCorrectionForm",
    "HeldForm",
    "JudgementForm",
    "MissedForm",
    "MoveForm",
    "PlanForm",
    "StatusForm",
    "attempt",
    "screening_form",
]
