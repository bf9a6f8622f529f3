"""The review of the audit trail: what waits, what was written."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from trial.blinding import blinded_to, keep_from_sites
from trial.monitoring import trail
from trial.monitoring.forms import ReviewForm
from trial.monitoring.models import TrailReview
from trial.monitoring.services.trail import review_trail
from trial.monitoring.trail_rules import KINDS
from trial.participants.access import sites_of
from trial.participants.forms import attempt
from trial.permissions import requires
from trial.records.saving import status_of
from trial.signatures.queries import signatures_of
from trial.signatures.wording import for_readers
from trial.users.models import Site
from trial.users.posting import FORM, posted


@require_safe
@requires("audit.review")
def reviews(request: HttpRequest) -> HttpResponse:
    """The reviews of each site, and when the next is due."""
    sites = sites_of(request)
    due = {site.pk: day for site, day in trail.due_at(sites)}
    rows = TrailReview.objects.filter(site_id__in=sites).select_related("site", "entered_by").order_by("-entered_at")
    places = [{"site": site, "due": due.get(site.pk)} for site in Site.objects.filter(pk__in=sites).order_by("code")]
    hidden = {about.site_id for about in blinded_to(request.user).values()}
    frame = {"places": places, "reviews": rows, "hidden": hidden}
    return render(request, "monitoring/reviews.html", frame)


@sensitive_post_parameters("username", "password")
@requires("audit.review")
@require_http_methods(FORM)
def review(request: HttpRequest, site_id: UUID) -> HttpResponse:
    """What was written to the trail since the last review of a site, and the form of the next."""
    site = get_object_or_404(Site, pk=site_id, pk__in=sites_of(request))
    keep_from_sites(request.user, [site.pk])
    with timezone.override(site.zone):
        period = trail.period_of(site)
        shown = {"to_entry": period.to_entry if period else 0}
        form = ReviewForm(posted(request), request=request, initial=shown)

        def write() -> None:
            given = {name: form.cleaned_data[name] for name in ("key", "to_entry", "findings", "has_findings")}
            confirmation = None if trail.is_written(request.user, given["key"]) else form.confirm()
            review_trail(request.user, site, **given, confirmation=confirmation)  # type: ignore[arg-type]

        if request.method == "POST" and attempt(form, write):
            messages.success(request, "The review is written, with your signature.")
            return redirect("monitoring:reviews")
        frame = {"site": site, "form": form, **held_by(period)}
        return render(request, "monitoring/review.html", frame, status=status_of(form))


def held_by(period: trail.Period | None) -> dict[str, Any]:
    """What the page shows of a period."""
    if period is None:
        return {"period": None}
    found = trail.review(period.site, period.from_entry, period.to_entry)
    by_person = [(actor, label.partition(".")[2], count) for (actor, label), count in found.by_person.most_common()]
    return {"period": period, "entries": found.entries, "kinds": trail.lines_of(found), "by_person": by_person}


@require_safe
@requires("audit.review")
def written(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A review as it was written."""
    rows = TrailReview.objects.filter(site_id__in=sites_of(request)).select_related("site", "entered_by")
    found = get_object_or_404(rows, pk=pk)
    keep_from_sites(request.user, [found.site_id])
    counts = [(title, found.counts.get(kind, 0)) for kind, (title, _) in KINDS.items()]
    frame = {"review": found, "counts": counts, "signatures": for_readers(signatures_of(found), sees_values=True)}
    with timezone.override(found.site.zone):
        return render(request, "monitoring/written.html", frame)
