"""Participants and their visits for programmes."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema

from trial.participants import queries
from trial.participants.models import Participant, Visit
from trial.tokens.gate import Allows
from trial.tokens.schemas import OF_AN_OBJECT, answers

router = Router(tags=["participants"])


class ParticipantOut(Schema):
    """A participant, known by study id."""

    study_id: str
    site: str
    cohort: str
    enrolled_on: date
    planned_infusion_on: date | None
    protocol_version: str
    version: int

    @staticmethod
    def resolve_site(row: Participant) -> str:
        return row.site.code


class VisitOut(Schema):
    """A visit with its window in UTC; ``state`` is planned, done or missed."""

    code: str
    schedule: str
    state: str
    due_at: datetime | None
    opens_at: datetime | None
    closes_at: datetime | None
    done_at: datetime | None
    missed_reason: str
    protocol_version: str
    version: int


@router.get(
    "/participants", response=answers(list[ParticipantOut]), url_name="participants", auth=Allows("participants.read")
)
def participants(request: HttpRequest) -> Any:
    """The participants of one's sites, by study id."""
    return queries.participants_at(sites_of(request)).order_by("study_id")


@router.get(
    "/participants/{study_id}",
    response=answers(ParticipantOut, *OF_AN_OBJECT),
    url_name="participant",
    auth=Allows("participants.read"),
)
def participant(request: HttpRequest, study_id: str) -> Participant:
    """One participant."""
    return participant_of(request, study_id)


@router.get(
    "/participants/{study_id}/visits",
    response=answers(list[VisitOut], *OF_AN_OBJECT),
    url_name="visits",
    auth=Allows("participants.read"),
)
def visits(request: HttpRequest, study_id: str) -> list[Visit]:
    """The visits of a participant, in the protocol's order."""
    return queries.visits_of(participant_of(request, study_id))


def sites_of(request: HttpRequest) -> Any:
    """The sites that the gate left on the request."""
    return request.sites  # type: ignore[attr-defined]


def participant_of(request: HttpRequest, study_id: str) -> Participant:
    """The participant at one of the token's sites; Http404 for another site's and a missing one alike."""
    return queries.get_participant(sites_of(request), study_id)
