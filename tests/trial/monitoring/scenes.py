"""Records that queries are about, made through the services of their apps."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from assessments.models import Assessment
from assessments.services import record_assessment
from infusion.models import Vitals
from infusion.services import correct_vitals, record_vitals
from tests.trial.participants.people import CONSENTED
from trial.monitoring.models import DataQuery
from trial.participants.models import Participant
from trial.participants.queries import get_visit
from trial.users.models import User

READINGS: dict[str, Any] = {"systolic": 126, "diastolic": 78, "heart_rate": 64}
LATER = CONSENTED + timedelta(hours=2)
ITEMS = (
    "apparent_sadness", "reported_sadness", "inner_tension", "reduced_sleep", "reduced_appetite",
    "concentration", "lassitude", "inability_to_feel", "pessimistic_thoughts", "suicidal_thoughts",
)  # fmt: skip


def take(actor: User, participant: Participant, at: datetime = LATER, **changes: Any) -> Vitals:
    """Vital signs of a participant."""
    return record_vitals(actor, participant, occurred_at=at, **{**READINGS, **changes})


def correct(actor: User, row: Vitals, *, reason: str = "misread", **changes: Any) -> Vitals:
    """The vital signs after a correction."""
    row.refresh_from_db()
    given: dict[str, Any] = {name: getattr(row, name) for name in (*READINGS, "occurred_at", "visit", "comment")}
    given |= {"respiratory_rate": row.respiratory_rate, "oxygen_saturation": row.oxygen_saturation}
    return correct_vitals(actor, row, version=row.version, reason=reason, **{**given, **changes})


def rate(actor: User, participant: Participant, code: str = "screening", **changes: Any) -> Assessment:
    """A MADRS of a participant, every item 2 unless told otherwise."""
    given: dict[str, Any] = {
        "instrument": "madrs",
        "scores": dict.fromkeys(ITEMS, 2),
        "mode": "in_person",
        "rater": actor,
        "occurred_at": LATER,
        "key": uuid4(),
    }
    return record_assessment(actor, participant=participant, visit=get_visit(participant, code), **{**given, **changes})


def of_check(code: str) -> list[DataQuery]:
    """The queries of an edit check, in the order they were raised."""
    return list(DataQuery.objects.filter(check_code=code).order_by("entered_at"))
