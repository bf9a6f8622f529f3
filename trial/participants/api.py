"""Participants and their visits for programmes."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema

from trial.blinding import is_blinded
from trial.participants import queries
from trial.participants.models import Participant, Visit
from trial.permissions import may_read
from trial.signatures.queries import Standing, signatures_about
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


class SignatureOut(Schema):
    """A signature (21 CFR 11.50) with how it stands now; times in UTC.

    ``standing`` is valid, void (from a change of what was signed, at ``void_since``) or broken (the line was altered).
    ``content_sha256`` is the hash of what was signed.
    """

    subject: str
    printed_name: str
    roles: list[str]
    meaning: str
    signed_at: datetime
    standing: str
    void_since: datetime | None
    content_sha256: str


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


@router.get(
    "/participants/{study_id}/signatures",
    response=answers(list[SignatureOut], *OF_AN_OBJECT),
    url_name="signatures",
    auth=Allows("signatures.read"),
)
def signatures(request: HttpRequest, study_id: str) -> list[SignatureOut]:
    """Every signature on a participant, its visits and records, the oldest first.

    Left out are those on kinds of records that the roles do not read, or that a rater is kept from.
    """
    participant = participant_of(request, study_id)
    actor: Any = request.user
    is_kept = is_blinded(actor, participant.pk)
    found = signatures_about(participant, participant.site_id)
    return [
        told(one) for one in found if may_read(actor, one.signature.subject_table, participant.site_id, is_kept=is_kept)
    ]


def told(found: Standing) -> SignatureOut:
    """A signature as a programme is told of it."""
    one = found.signature
    return SignatureOut(
        subject=one.subject_words,
        printed_name=one.printed_name,
        roles=sorted(one.held_roles),
        meaning=one.meaning,
        signed_at=one.signed_at,
        standing=found.state.value,
        void_since=found.since,
        content_sha256=one.content_hash,
    )


def sites_of(request: HttpRequest) -> Any:
    """The sites that the gate left on the request."""
    return request.sites  # type: ignore[attr-defined]


def participant_of(request: HttpRequest, study_id: str) -> Participant:
    """The participant at one of the token's sites; Http404 for another site's and a missing one alike."""
    return queries.get_participant(sites_of(request), study_id)
