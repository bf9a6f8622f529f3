"""Visits that are done and wait for a signature, for whoever is to give it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Model

from trial.participants.models import Participant, Visit
from trial.participants.worklist import label_of
from trial.permissions import Role
from trial.signatures.binding import is_whole
from trial.signatures.content import contents_at, rows_in
from trial.signatures.models import Signature
from trial.signatures.queries import Standing, is_as_signed, signatures_at, standings
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

    A signature on all records of the participant counts for each visit that is as it was then. However many visits are
    signed, the queries are few; each void signature costs some more.
    """
    done = Visit.objects.filter(participant__site_id__in=sites, state=Visit.State.DONE)
    visits = list(done.select_related("participant__site").order_by("done_at", "pk"))
    own = {one.signature.subject_id: one for one in standings(_newest(sites, meaning, Visit))}
    open_ = [visit for visit in visits if (how := own.get(str(visit.pk))) is None or not how.is_valid]
    covered = _covered(open_, _newest(sites, meaning, Participant))
    return [_line(visit, own.get(str(visit.pk))) for visit in open_ if visit.pk not in covered]


def _newest(sites: Collection[UUID], meaning: str, model: type[Model]) -> list[Signature]:
    """The newest genuine signature with the meaning on each row of a model at the sites."""
    given = (
        signatures_at(sites).filter(subject_table=model._meta.label_lower, meaning=meaning).order_by("signed_at", "pk")
    )
    return list({signature.subject_id: signature for signature in given if is_whole(signature)}.values())


def _covered(visits: list[Visit], wholes: list[Signature]) -> set[UUID]:
    """The visits of which every row is still as somebody signed it with all records of the participant."""
    signed = {one.subject_id: {row.place: row for row in rows_in(one.manifest)} for one in wholes}
    asked = [visit for visit in visits if str(visit.participant_id) in signed]
    now = contents_at(Visit._meta.label_lower, [str(visit.pk) for visit in asked])
    return {
        visit.pk
        for visit in asked
        if all(is_as_signed(signed[str(visit.participant_id)].get(row.place), row) for row in now[str(visit.pk)].rows)
    }


def _line(visit: Visit, how: Standing | None) -> Unsigned:
    """What is missing on a visit."""
    if how is None:
        return Unsigned(visit, label_of(visit))
    return Unsigned(visit, label_of(visit), how.since, was_signed=True)
