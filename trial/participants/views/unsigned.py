"""What waits for a person's signature: the count on the Today page and the list that it opens."""

from __future__ import annotations

from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from trial.participants.models import Visit
from trial.participants.unsigned import Unsigned, finishing, unsigned_visits
from trial.permissions import PermittedRequest, requires

PER_PAGE = 50


@requires("signatures.sign")
@require_safe
def unsigned_today(request: PermittedRequest) -> HttpResponse:
    """Say how many visits wait for the person's signature, as a fragment; nothing where none does."""
    return render(request, "participants/_unsigned.html", {"count": len(waiting(request))})


@requires("signatures.sign")
@require_safe
def unsigned(request: PermittedRequest) -> HttpResponse:
    """List the visits that wait for the person's signature, each with the way to sign it."""
    page = Paginator(waiting(request), PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "participants/unsigned.html", {"page": page, "label": Visit._meta.label})


def waiting(request: PermittedRequest) -> list[Unsigned]:
    """What waits for the person, by the part that their roles have at each site."""
    held = request.user.roles_by_site()
    parts: dict[str, set[UUID]] = {}
    for site in request.sites:
        parts.setdefault(finishing(held.get(site, frozenset())), set()).add(site)
    return [line for meaning, sites in parts.items() if meaning for line in unsigned_visits(sites, meaning)]
