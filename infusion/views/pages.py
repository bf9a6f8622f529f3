"""The pages of the bedside: how the infusion stands, its course, and the panels of other pages."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from infusion import queries
from infusion.bedside import bedside, checklists, series, serum_table
from infusion.downtime import frame as sheets_for
from infusion.forms import RateForm
from infusion.views.frame import frame, infusion_or_404, participant_of
from trial.blinding import blinded_to
from trial.participants.queries import get_visit
from trial.permissions import may, requires
from trial.users.sessions.actions import while_locked

FORMS = {
    "blood_pressure": "infusion:vitals",
    "side_effects": "infusion:side_effects",
    "serum": "infusion:serum",
}


@requires("infusion.read")
@require_safe
def visit_panel(request: HttpRequest, study_id: str, code: str) -> HttpResponse:
    """What a visit asks to be measured, each with its form: a fragment of the visit's page."""
    participant = participant_of(request, study_id)
    visit, user = get_visit(participant, code), request.user
    rows = [(due, reverse(FORMS[due.code], args=[study_id])) for due in queries.measurements_due(visit)]
    with timezone.override(participant.site.zone):
        may_record = may(user, "infusion.record", participant.site_id)  # type: ignore[arg-type]
        return render(request, "infusion/_visit_panel.html", {"rows": rows, "visit": visit, "may_record": may_record})


@requires("infusion.read")
@require_safe
def detail(request: HttpRequest, study_id: str) -> HttpResponse:
    """The bedside page."""
    participant = participant_of(request, study_id)
    with timezone.override(participant.site.zone):
        shown = frame(request, participant)
        infusion = shown["now"].infusion
        shown |= {
            "everything": "all" in request.GET,
            "rates": queries.rates_of(infusion)[::-1] if infusion else [],
            "bags": queries.bags_of(infusion)[::-1] if infusion else [],
            "vitals": queries.vitals_of(participant)[::-1],
            "doses": queries.clonidine_of(participant)[::-1],
            "serum": serum_table(participant),
            "checklists": checklists(participant),
        }
        if shown["may_order"] and infusion and infusion.ended_at is None:
            shown["form"] = RateForm(participant=participant, user=request.user)  # type: ignore[arg-type]
        return render(request, "infusion/detail.html", shown)


@requires("infusion.downtime")
@require_safe
def downtime(request: HttpRequest) -> HttpResponse:
    """The sheets of every running infusion, to be printed for the time when the site is down."""
    kept_from = blinded_to(request.user)
    shown = sheets_for(request.sites, timezone.now(), kept_from)  # type: ignore[attr-defined]
    shown["hidden"] = [about.study_id for about in kept_from.values()]
    return render(request, "infusion/downtime.html", shown)


@requires("infusion.read")
@require_safe
def panel(request: HttpRequest, study_id: str) -> HttpResponse:
    """The infusion in brief, for the participant's page."""
    participant = participant_of(request, study_id)
    with timezone.override(participant.site.zone):
        return render(request, "infusion/_panel.html", frame(request, participant))


@requires("infusion.read")
@require_safe
def state(request: HttpRequest, study_id: str) -> HttpResponse:
    """How the infusion stands now."""
    participant = participant_of(request, study_id)
    with timezone.override(participant.site.zone):
        return render(request, "infusion/_state.html", frame(request, participant))


@while_locked
@requires("infusion.read")
@require_safe
def display(request: HttpRequest, study_id: str) -> HttpResponse:
    """What the bedside shows to everybody while it is covered: rate, last change, what is due, alarms; never who."""
    participant = participant_of(request, study_id)
    with timezone.override(participant.site.zone):
        now = bedside(participant, timezone.now())
        rates = queries.rates_of(now.infusion) if now.infusion else []
        frame = {"now": now, "changed_at": rates[-1].occurred_at if rates else None, "at": timezone.now()}
        return render(request, "infusion/_display.html", frame)


@requires("infusion.read")
@require_safe
def course(request: HttpRequest, study_id: str) -> HttpResponse:
    """The series of the charts, as JSON."""
    return JsonResponse(series(infusion_or_404(participant_of(request, study_id)), timezone.now()))
