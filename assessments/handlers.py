"""What assessments do about the events of the apps below."""

from __future__ import annotations

from typing import Any

from assessments.interviews import queries
from trial.participants.models import Participant, Visit
from trial.records.events import handles


@handles("lock.considered")
def consider_interviews(*, preview: Any, participant: Participant | None, visit: Visit | None) -> None:
    """Answers that wait to be submitted could be neither submitted nor set aside behind a lock."""
    if count := queries.within(participant, visit).count():
        preview.hinder(f"Interviews in progress: {count}. Submit each, or set its answers aside, first.")
