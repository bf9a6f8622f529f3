"""Writes about participants. Limits refuse orders, never facts: what happened is recorded, with a deviation."""

from __future__ import annotations

from trial.participants.services.amendments import move_to_version
from trial.participants.services.eligibility import decide_eligibility, judge_criteria
from trial.participants.services.enrolment import correct_contact, enrol, plan_infusion, sign_consent
from trial.participants.services.order import StepRefused, require_step
from trial.participants.services.screening import correct_screening, record_dose, record_screening
from trial.participants.services.statuses import infusion_began, infusion_ended, infusion_reopened, set_status
from trial.participants.services.visits import (
    correct_visit,
    make_visits,
    miss_visit,
    record_visit,
    refresh_windows,
)

__all__ = [
    "StepRefused",
    "correct_contact",
    "correct_screening",
    "correct_visit",
    "decide_eligibility",
    "enrol",
    "infusion_began",
    "infusion_ended",
    "infusion_reopened",
    "judge_criteria",
    "make_visits",
    "miss_visit",
    "move_to_version",
    "plan_infusion",
    "record_dose",
    "record_screening",
    "record_visit",
    "refresh_windows",
    "require_step",
    "set_status",
    "sign_consent",
]
