"""What safety does about the events of the apps below."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from trial.participants.models import Participant, Visit
from trial.records.events import handles
from trial.safety.services import record_deviation
from trial.users.models import User


@handles("deviation.found")
def keep_deviation(
    *,
    participant: Participant,
    visit: Visit | None,
    actor: User,
    kind: str,
    summary: str,
    occurred_at: datetime,
    source: Any,
    is_important: bool = False,
) -> None:
    """Keep a departure that an app below found."""
    record_deviation(
        actor,
        participant=participant,
        visit=visit,
        kind=kind,
        summary=summary,
        occurred_at=occurred_at,
        source=source,
        is_important=is_important,
        origin=getattr(source, "origin", "form"),
    )
