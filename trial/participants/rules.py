"""Pure judgements on the order of a participant's way through the trial and on statuses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from trial.rules.verdict import ALLOWED, Verdict, refuse

Step = Literal["screening", "eligibility", "infusion"]

STATUS_VALUES: dict[str, tuple[str, ...]] = {
    "enrolment": ("screening", "enrolled", "screen_failure", "withdrew"),
    "infusion": ("started", "completed", "stopped_early"),
    "follow_up": ("active", "completed", "lost", "withdrew"),
    "contact": ("granted", "refused"),
    "data": ("granted", "refused"),
}
NEEDS_REASON = frozenset({"screen_failure", "withdrew", "stopped_early", "lost"})


@dataclass(frozen=True)
class Progress:
    """How far a participant has come; None until it happened."""

    consented_at: datetime | None = None
    is_eligible: bool | None = None
    has_withdrawn: bool = False
    is_pregnant_by_test: bool = False


def judge_order(step: Step, progress: Progress) -> Verdict:
    """Judge whether a step may be ordered: consent, then eligibility, then the infusion."""
    if progress.has_withdrawn:
        return refuse("The participant withdrew consent; nothing more can be ordered.")
    if progress.consented_at is None:
        return refuse("No consent is recorded. Record the signed consent first.")
    if step != "screening" and progress.is_pregnant_by_test:
        return refuse(
            "The latest pregnancy test is positive: neither enrolment nor infusion. Record a later negative test, or "
            "correct that record."
        )
    if step == "infusion" and progress.is_eligible is None:
        return refuse("Eligibility is not decided. A psychiatrist decides it on the eligibility page first.")
    if step == "infusion" and progress.is_eligible is False:
        return refuse("The participant did not meet the criteria; the infusion cannot be ordered.")
    return ALLOWED


def judge_status(axis: str, value: str, reason: str) -> Verdict:
    """Judge whether a value belongs to the axis and carries the reason it needs."""
    if axis not in STATUS_VALUES:
        return refuse(f"There is no status {axis!r}; choose one of {', '.join(STATUS_VALUES)}.")
    if value not in STATUS_VALUES[axis]:
        return refuse(f"{value!r} is no value of {axis}; choose one of {', '.join(STATUS_VALUES[axis])}.")
    if value in NEEDS_REASON and not reason.strip():
        return refuse("Say why: this status needs a reason.")
    return ALLOWED
