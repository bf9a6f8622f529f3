"""The protocol as a page, the drafts of forms, and the health of the site."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import resolve
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from trial import protocol
from trial.permissions import PermittedRequest, may, refuse_unblinding, requires
from trial.records import drafts
from trial.records.events import ask
from trial.records.health import examine, facts
from trial.records.wording import sections
from trial.users.models import Site
from trial.users.posting import FORM


@requires("protocol.read")
@require_safe
def protocol_page(request: HttpRequest) -> HttpResponse:
    """Show every value of a version, by default the one in force, with unit, source and status."""
    only_proposed = request.GET.get("show") == "proposed"
    user: Any = request.user
    sites = Site.objects.filter(pk__in=user.roles_by_site())
    in_force = protocol.in_force(min((site.today for site in sites), default=timezone.localdate()))
    shown = request.GET.get("version") or in_force
    if shown not in protocol.versions():
        raise Http404
    version = protocol.for_version(shown)
    frame = {
        "is_signed": ask("protocol.is_signed", version=shown, sites=sites),
        "may_see_signatures": may(user, "signatures.read"),
        "may_see_participants": may(user, "participants.read"),
        "protocol": version,
        "version": shown,
        "versions": protocol.versions(),
        "in_force": in_force,
        "sha256": protocol.sha256(shown),
        "sections": sections(version, only_proposed=only_proposed),
        "only_proposed": only_proposed,
        "proposed": len(list(version.proposed())),
    }
    return render(request, "records/protocol.html", frame)


@requires("account.own")
@require_http_methods(FORM)
def draft(request: PermittedRequest) -> HttpResponse:
    """Keep what is typed on the form of an address, forget it, or give back one's own."""
    given = request.POST if request.method == "POST" else request.GET
    try:
        address = drafts.identity(given.get("address", ""))
        if request.method == "POST":
            return keep_draft(request, address)
    except (drafts.NoDraft, ValueError) as refused:
        # That a form keeps no draft is an answer to a page that asks for one, and a refusal of one that is sent.
        return JsonResponse({"why": str(refused)}, status=422 if request.method == "POST" else 200)
    keep_unblinding_back(request, address)
    found = drafts.kept(request.user, address)
    if found is None:
        return HttpResponse(status=204)
    age = (timezone.now() - found.saved_at).total_seconds()
    return JsonResponse({"fields": found.fields, "seconds_ago": int(age)})


def keep_unblinding_back(request: PermittedRequest, address: str) -> None:
    """Raise Hidden for what was typed on a form before its author became a rater who is kept from its participant."""
    form = resolve(address.partition("?")[0])
    sites = frozenset(request.user.roles_by_site())
    refuse_unblinding(request.user, getattr(form.func, "action", ""), form.kwargs.get("study_id"), sites)


def keep_draft(request: PermittedRequest, address: str) -> HttpResponse:
    """Keep the posted draft, or forget it; raises NoDraft, ValueError for what is no draft."""
    opened = UUID(request.POST.get("opened", ""))
    if "discard" in request.POST:
        drafts.end(request.user, address, opened)
        return HttpResponse(status=204)
    is_kept = drafts.keep(request.user, address, opened, drafts.read_fields(request.POST.get("fields", "")))
    return JsonResponse({"kept": is_kept})


@login_not_required
def health(request: HttpRequest) -> HttpResponse:
    """Answer 200 when every part is well, else 503; names parts, never data."""
    found = examine()
    return JsonResponse({**found, **facts()}, status=200 if set(found.values()) == {"ok"} else 503)
