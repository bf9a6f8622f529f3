"""Ratings for the tests, made through the services."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from assessments import services
from assessments.instruments import instrument
from assessments.models import Assessment
from trial.participants.models import Participant
from trial.participants.queries import get_visit
from trial.users.models import User

# In the screening window of `people.CONSENTED`, 2026-03-02.
RATED = datetime(2026, 3, 4, 16, 0, tzinfo=UTC)


def scores_of(code: str, value: int, **items: int) -> dict[str, int]:
    """Every item of an instrument at one score, but for the items named."""
    return dict.fromkeys(instrument(code).items, value) | items


def rate(
    rater: User,
    participant: Participant,
    scores: dict[str, int],
    *,
    code: str = "madrs",
    visit: str = "screening",
    at: datetime = RATED,
    **more: Any,
) -> Assessment:
    """Record an instrument at a visit, in person."""
    values: dict[str, Any] = {"mode": "in_person", "rater": rater, "occurred_at": at} | more
    return services.record_assessment(
        rater,
        participant=participant,
        visit=get_visit(participant, visit),
        instrument=code,
        scores=scores,
        **values,
    )
