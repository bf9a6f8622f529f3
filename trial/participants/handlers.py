"""What the visits hold against a lock, and what should be known before it."""

from __future__ import annotations

from typing import Any

from trial.participants.models import Participant, Visit
from trial.records.events import handles


@handles("lock.considered")
def consider_visits(*, preview: Any, participant: Participant | None, visit: Visit | None) -> None:
    """A visit that is still to come cannot be locked; before a larger lock, how many are still planned is said."""
    if visit is not None:
        if visit.state == Visit.State.PLANNED:
            preview.hinder("It was neither held nor missed yet; record that first.")
        return
    planned = Visit.objects.filter(state=Visit.State.PLANNED)
    if participant is not None:
        planned = planned.filter(participant=participant)
    if count := planned.count():
        preview.warn(f"Visits neither held nor missed: {count}. They can no longer be recorded behind the lock.")
