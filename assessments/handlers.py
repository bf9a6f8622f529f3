"""What assessments do about the events of the apps below."""

from __future__ import annotations

from typing import Any

from assessments.interviews import queries
from trial.participants.models import Participant, Visit
from trial.records.events import handles
from trial.records.services import RecordError

INTERVIEWS = "Interviews in progress: {}. Submit each, or set its answers aside, first."


@handles("lock.considered")
def consider_interviews(*, preview: Any, participant: Participant | None, visit: Visit | None) -> None:
    """Answers that wait to be submitted could be neither submitted nor set aside behind a lock."""
    if count := queries.within(participant, visit).count():
        preview.hinder(INTERVIEWS.format(count))


@handles("visit.missed")
def finish_interviews(*, visit: Visit, cause: str, **_: Any) -> None:
    """A visit at which an interview was begun is not missed before its answers are dealt with; raises RecordError.

    A hospital stay is taken at once: its clock runs from the moment that it is known.
    """
    if cause == Visit.MissedFor.HOSPITALISATION:
        return
    if count := queries.within(None, visit).count():
        raise RecordError(f"{INTERVIEWS.format(count)} A visit at which somebody answered was not missed altogether.")
