"""Named reads of the raters assigned to a participant."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import Http404

from assessments.models import RaterAssignment
from trial.participants.models import Participant


def assignments_of(participant: Participant) -> list[RaterAssignment]:
    """Every assignment about a participant, the newest first."""
    rows = RaterAssignment.objects.filter(participant=participant)
    return list(rows.select_related("user", "assigned_by", "ended_by").order_by("-starts_on", "-assigned_at"))


def get_assignment(sites: Collection[UUID], pk: UUID) -> RaterAssignment:
    """An assignment of the sites; Http404 for another site's and a missing one alike."""
    rows = RaterAssignment.objects.select_related("participant__site", "user")
    row = rows.filter(pk=pk, participant__site_id__in=sites).first()
    if row is None:
        raise Http404("No such assignment.")
    return row


def holding_at(participant: Participant, at: datetime) -> QuerySet[RaterAssignment]:
    """The assignments about a participant that hold at an instant; an ended one held until its end."""
    day = at.astimezone(participant.site.zone).date()
    return RaterAssignment.objects.filter(
        Q(ends_on=None) | Q(ends_on__gte=day),
        Q(ended_at=None) | Q(ended_at__gt=at),
        participant=participant,
        starts_on__lte=day,
    )
