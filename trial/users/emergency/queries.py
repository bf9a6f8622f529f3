"""Named reads of sealed codes and of the sign-ins made with them."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404

from trial.users.emergency.codes import digest
from trial.users.models import EmergencyAccess, EmergencyCode


def usable_code(typed: str) -> EmergencyCode | None:
    """The sealed code that was typed, if it is neither used nor void."""
    usable = EmergencyCode.objects.filter(used_at__isnull=True, voided_at__isnull=True)
    return usable.select_related("site").filter(digest=digest(typed)).first()


def unreviewed(sites: frozenset[UUID]) -> QuerySet[EmergencyAccess]:
    """Emergency sign-ins at the sites that nobody has looked at, the newest first."""
    found = EmergencyAccess.objects.filter(site_id__in=sites, reviewed_at__isnull=True)
    return found.select_related("user", "site").order_by("-occurred_at")


def get_access(sites: frozenset[UUID], pk: UUID) -> EmergencyAccess:
    """One emergency sign-in at the sites; Http404 for another site's and for none alike."""
    found = EmergencyAccess.objects.select_related("user", "site", "reviewed_by").filter(site_id__in=sites, pk=pk)
    if (access := found.first()) is None:
        raise Http404("No such emergency access.")
    return access
