"""Rated instruments for programmes: read, recorded and corrected through the services of the pages."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.http import Http404, HttpRequest
from ninja import Router, Schema, Status

from assessments import queries, services
from assessments.models import Assessment
from trial.participants.api import participant_of
from trial.participants.queries import get_visit
from trial.records.models import Origin
from trial.tokens.gate import Allows
from trial.tokens.schemas import OF_AN_OBJECT, WRITING, IdempotencyKey, Moment, Sent, answers

router = Router(tags=["assessments"])


class AssessmentOut(Schema):
    """An instrument as it was rated; ``total`` is null where an item is missing."""

    instrument: str
    instrument_version: str
    visit: str | None
    occurred_at: datetime
    entered_at: datetime
    mode: str
    rater: str
    scores: dict[str, int]
    missing: dict[str, str]
    total: Decimal | None
    version: int

    @staticmethod
    def resolve_visit(row: Assessment) -> str | None:
        return row.visit.code if row.visit else None

    @staticmethod
    def resolve_rater(row: Assessment) -> str:
        return row.rater.get_username()


class AssessmentIn(Sent):
    """What was rated: scores by item id, the reason for each item that is missing, how, and when."""

    scores: dict[str, int]
    missing: dict[str, str] = {}
    mode: Assessment.Mode
    occurred_at: Moment


class AssessmentCorrection(AssessmentIn):
    """A correction names the version it corrects and says why."""

    version: int
    reason: str


@router.get(
    "/participants/{study_id}/assessments",
    response=answers(list[AssessmentOut], *OF_AN_OBJECT),
    url_name="assessments",
    auth=Allows("assessments.read"),
)
def assessments(request: HttpRequest, study_id: str) -> Any:
    """Everything rated of a participant, in the order of time."""
    rows = Assessment.objects.filter(participant=participant_of(request, study_id))
    return rows.select_related("visit", "rater").order_by("occurred_at", "instrument")


PLACE = "/participants/{study_id}/visits/{visit}/assessments/{instrument}"


@router.post(
    PLACE,
    response=answers(AssessmentOut, *WRITING, status=201),
    url_name="assessment",
    auth=Allows("assessments.record"),
)
def record(
    request: HttpRequest, study_id: str, visit: str, instrument: str, sent: AssessmentIn, key: IdempotencyKey
) -> Status[Assessment]:
    """Record an instrument at a visit, rated by the token's person."""
    participant = participant_of(request, study_id)
    at = get_visit(participant, visit)
    if instrument not in queries.due_instruments(at):
        raise Http404(f"{instrument} is not due at {visit}.")
    at.participant = participant
    actor: Any = request.user
    row = services.record_assessment(
        actor,
        participant=participant,
        visit=at,
        instrument=instrument,
        rater=actor,
        key=key,
        origin=Origin.IMPORT,
        **sent.dict(),
    )
    return Status(201, row)


@router.put(PLACE, response=answers(AssessmentOut, *WRITING), url_name="assessment", auth=Allows("assessments.record"))
def correct(request: HttpRequest, study_id: str, visit: str, instrument: str, sent: AssessmentCorrection) -> Assessment:
    """Correct what is recorded, at the version that was read, with a reason; the rater stays."""
    recorded = queries.assessment_at(get_visit(participant_of(request, study_id), visit), instrument)
    if recorded is None:
        raise Http404(f"{instrument} is not recorded at {visit}.")
    actor: Any = request.user
    return services.correct_assessment(actor, recorded, rater=recorded.rater, **sent.dict())
