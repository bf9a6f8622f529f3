"""Named reads of interviews in progress."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404

from assessments import queries
from assessments.models import Interview
from trial.participants.models import Participant, Visit


def latest_at(visit: Visit, instrument: str) -> Interview | None:
    """The interview about an instrument at a visit, also one that was submitted or set aside, or None."""
    rows = Interview.objects.filter(visit=visit, instrument=instrument)
    return rows.select_related("rater", "saved_by", "entered_by").first()


def get_latest(visit: Visit, instrument: str) -> Interview:
    """The interview about an instrument at a visit in any state; raises Http404."""
    row = latest_at(visit, instrument)
    if row is None:
        raise Http404(f"No interview about {instrument} was begun at {visit.code}.")
    return row


def at_visit(visit: Visit) -> dict[str, Interview]:
    """The interviews in progress or set aside at a visit, by instrument."""
    rows = Interview.objects.filter(visit=visit).exclude(state=Interview.State.SUBMITTED)
    return {row.instrument: row for row in rows.select_related("participant__site", "rater", "entered_by", "saved_by")}


def at_sites(sites: Collection[UUID]) -> QuerySet[Interview]:
    """The interviews in progress at some sites, the one begun first on top."""
    rows = queries.in_progress().filter(site__in=sites).select_related("participant__site", "visit", "saved_by")
    return rows.order_by("entered_at")


def within(participant: Participant | None, visit: Visit | None) -> QuerySet[Interview]:
    """The interviews in progress at a visit, of a participant, or in the whole trial but for practice."""
    rows = queries.in_progress()
    if visit is not None:
        return rows.filter(visit=visit)
    return rows.filter(participant=participant) if participant else rows.filter(site__is_practice=False)
