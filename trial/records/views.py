"""The protocol as a page, and the health of the site."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from trial import protocol
from trial.permissions import may, requires
from trial.records.events import ask
from trial.records.health import examine
from trial.records.wording import sections
from trial.users.models import Site


@requires("protocol.read")
def protocol_page(request: HttpRequest) -> HttpResponse:
    """Show every value of the protocol in force with unit, source and status, or only the proposed ones."""
    only_proposed = request.GET.get("show") == "proposed"
    version = protocol.for_version(protocol.CURRENT)
    user: Any = request.user
    sites = Site.objects.filter(pk__in=user.roles_by_site())
    frame = {
        "is_signed": ask("protocol.is_signed", version=protocol.CURRENT, sites=sites),
        "may_see_signatures": may(user, "signatures.read"),
        "protocol": version,
        "version": protocol.CURRENT,
        "sha256": protocol.sha256(protocol.CURRENT),
        "sections": sections(version, only_proposed=only_proposed),
        "only_proposed": only_proposed,
        "proposed": len(list(version.proposed())),
    }
    return render(request, "records/protocol.html", frame)


@login_not_required
def health(request: HttpRequest) -> HttpResponse:
    """Answer 200 when every part is well, else 503; names parts, never data."""
    found = examine()
    return JsonResponse(found, status=200 if set(found.values()) == {"ok"} else 503)
