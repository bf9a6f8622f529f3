"""Signatures for programmes: who signed what of a participant, and whether it still stands."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema

from trial.blinding import is_blinded
from trial.participants.api import participant_of
from trial.permissions import is_unblinding
from trial.signatures.queries import Standing, signatures_about
from trial.tokens.gate import Allows
from trial.tokens.schemas import OF_AN_OBJECT, answers

router = Router(tags=["signatures"])


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
    "/participants/{study_id}/signatures",
    response=answers(list[SignatureOut], *OF_AN_OBJECT),
    url_name="signatures",
    auth=Allows("signatures.read"),
)
def signatures(request: HttpRequest, study_id: str) -> list[SignatureOut]:
    """Every signature on a participant, its visits and records, the oldest first.

    A rater who is kept from the treatment is not told of signatures on records of it.
    """
    participant = participant_of(request, study_id)
    actor: Any = request.user
    is_kept = is_blinded(actor, participant.pk)
    found = signatures_about(participant, participant.site_id)
    return [told(one) for one in found if not (is_kept and is_unblinding(one.signature.subject_table))]


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
