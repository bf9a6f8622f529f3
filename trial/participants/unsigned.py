"""Visits that are done and wait for a signature, for whoever is to give it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from trial.participants.models import Visit
from trial.participants.worklist import label_of
from trial.permissions import Role
from trial.signatures.models import Signature
from trial.signatures.queries import Standing, signatures_at, standing
from trial.signatures.rules import APPROVED, ENTERED, REVIEWED

# The signature by which a visit is finished for each role; the roles that stand above the work come first.
FINISHING = {Role.PI: APPROVED, Role.PSYCHIATRIST: REVIEWED, Role.COORDINATOR: ENTERED}


@dataclass(frozen=True)
class Unsigned:
    """A visit that is done, what it is called, and since when (UTC) its newest signature is void, if it had one."""

    visit: Visit
    label: str
    void_since: datetime | None = None
    was_signed: bool = False


def finishing(roles: Collection[str]) -> str:
    """The meaning with which somebody holding *roles* finishes a visit; empty for nobody's part."""
    return next((meaning for role, meaning in FINISHING.items() if role in roles), "")


def unsigned_visits(sites: Collection[UUID], meaning: str) -> list[Unsigned]:
    """Done visits at the sites on which no signature with the meaning stands, the longest done first.

    One query for the visits and one for the signatures; each signed visit costs the reading of its content.
    """
    done = Visit.objects.filter(participant__site_id__in=sites, state=Visit.State.DONE)
    visits = list(done.select_related("participant__site").order_by("done_at", "pk"))
    signed = _newest(sites, meaning)
    lines = [_line(visit, signed.get(str(visit.pk))) for visit in visits]
    return [line for line in lines if line is not None]


def _newest(sites: Collection[UUID], meaning: str) -> dict[str, Signature]:
    """The newest signature with the meaning on each visit, by the visit's id."""
    given = signatures_at(sites).filter(subject_table=Visit._meta.label_lower, meaning=meaning)
    return {signature.subject_id: signature for signature in given.order_by("signed_at", "pk")}


def _line(visit: Visit, signature: Signature | None) -> Unsigned | None:
    """What is missing on a visit; None where the signature stands."""
    if signature is None:
        return Unsigned(visit, label_of(visit))
    how: Standing = standing(signature)
    return None if how.is_valid else Unsigned(visit, label_of(visit), how.since, was_signed=True)
