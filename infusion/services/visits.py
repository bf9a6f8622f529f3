"""What a measurement means for the visit it belongs to."""

from __future__ import annotations

from datetime import datetime

from infusion import queries
from trial.participants import services as participants
from trial.participants.models import Visit
from trial.participants.queries import protocol_at
from trial.users.models import User


def attend(actor: User, visit: Visit | None, at: datetime, moved_from: datetime | None = None) -> None:
    """Tell a visit that consists of measurements alone that one was taken; with the last it is done.

    Visits with instruments are closed by the app that records those. *moved_from* is when the measurement was
    said to be taken before it was corrected.
    """
    if visit is None:
        return
    plan = protocol_at(visit).visits[visit.code]
    if plan.instruments.codes:
        return
    is_complete = all(due.taken_at for due in queries.measurements_due(visit))
    participants.record_visit(actor, visit, occurred_at=at, is_complete=is_complete, moved_from=moved_from)
