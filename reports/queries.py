"""Named reads of reports."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.shortcuts import get_object_or_404

from reports.models import Report
from trial.participants.models import Participant
from trial.users.models import Site


def reports_at(sites: frozenset[UUID]) -> QuerySet[Report]:
    """Reports of these sites, the latest first."""
    return Report.objects.filter(site_id__in=sites).select_related("site", "ordered_by", "job")


def get_report(sites: frozenset[UUID], report_id: UUID) -> Report:
    """One report of these sites; Http404 for a missing one and for another site's."""
    return get_object_or_404(reports_at(sites), id=report_id)


def sites_of(sites: frozenset[UUID]) -> QuerySet[Site]:
    """The sites a report may be ordered for, the one with the most participants first."""
    there = Participant.objects.filter(site=OuterRef("pk")).order_by().values("site")
    size = Coalesce(Subquery(there.annotate(size=Count("pk")).values("size")), 0)
    return Site.objects.filter(id__in=sites).order_by(size.desc(), "code")
