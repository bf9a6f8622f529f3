"""The bedside: one page that shows how the infusion stands, and a form for each thing done or seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.http import trigger_client_event

from infusion import queries, services
from infusion.bedside import bedside, series, serum_table
from infusion.forms import (
    BagForm,
    BedsideForm,
    ClonidineForm,
    RateForm,
    SerumForm,
    SideEffectsForm,
    StartForm,
    StopForm,
    VitalsForm,
)
from infusion.models import Infusion
from infusion.services import RuleBroken
from trial.participants.models import Participant
from trial.participants.queries import get_participant, get_visit
from trial.permissions import may, requires
from trial.records.services import RecordError

FORM = ["GET", "HEAD", "POST"]
RATE_CHANGED = "rate-changed"
FORMS = {
    "blood_pressure": "infusion:vitals",
    "side_effects": "infusion:side_effects",
    "serum": "infusion:serum",
}


def participant_of(request: HttpRequest, study_id: str) -> Participant:
    """The participant at one of the sites that the account may act at; raises Http404."""
    return get_participant(request.sites, study_id)  # type: ignore[attr-defined]


def infusion_or_404(participant: Participant) -> Infusion:
    """The participant's infusion; raises Http404 before it began."""
    if (found := queries.infusion_of(participant)) is None:
        raise Http404("The infusion has not begun.")
    return found


def frame(request: HttpRequest, participant: Participant) -> dict[str, Any]:
    """What every page about the treatment shows, with what the account may do here."""
    user: Any = request.user
    return {
        "participant": participant,
        "now": bedside(participant, timezone.now()),
        "may_order": may(user, "infusion.order", participant.site_id),
        "may_record": may(user, "infusion.record", participant.site_id),
    }


def saved(form: BedsideForm, save: Callable[[dict[str, Any]], Any]) -> bool:
    """Save a form's values; what the service refuses is said on the form."""
    if not form.is_valid():
        return False
    try:
        save(form.values())
    except ValidationError as wrong:
        known = wrong if hasattr(wrong, "error_dict") and set(wrong.error_dict) <= set(form.fields) else wrong.messages
        form.add_error(None, known)
    except RecordError as refused:
        form.add_error(None, str(refused))
        if isinstance(refused, RuleBroken) and refused.verdict.severity == "soft":
            form.add_error("override_reason", "This is a warning: say why it goes on all the same.")
        return False
    return not form.errors


def asked_for(request: HttpRequest, participant: Participant) -> dict[str, Any]:
    """The visit that a link to a form names, chosen beforehand."""
    code = request.GET.get("visit", "")
    return {"visit": get_visit(participant, code).pk} if code else {}


def entry(
    request: HttpRequest,
    participant: Participant,
    kind: type[BedsideForm],
    save: Callable[[dict[str, Any]], Any],
    title: str,
    template: str = "infusion/entry.html",
) -> HttpResponse:
    """Show a form, or save it and go back to the bedside."""
    with timezone.override(participant.site.zone):
        form = kind(
            request.POST or None, participant=participant, user=request.user, initial=asked_for(request, participant)  # type: ignore[arg-type]
        )  # fmt: skip
        if request.method == "POST" and saved(form, save):
            messages.success(request, f"{title} saved.")
            return redirect("infusion:detail", participant.study_id)
        shown = {**frame(request, participant), "form": form, "title": title}
        return render(request, template, shown, status=422 if form.errors else 200)


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
            "rates": queries.rates_of(infusion)[::-1] if infusion else [],
            "vitals": queries.vitals_of(participant)[:-11:-1],
            "doses": queries.clonidine_of(participant)[:-11:-1],
            "serum": serum_table(participant),
            "checklists": queries.side_effects_of(participant),
        }
        if shown["may_order"] and infusion and infusion.ended_at is None:
            shown["form"] = RateForm(participant=participant, user=request.user)  # type: ignore[arg-type]
        return render(request, "infusion/detail.html", shown)


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


@requires("infusion.read")
@require_safe
def course(request: HttpRequest, study_id: str) -> HttpResponse:
    """The series of the charts, as JSON."""
    return JsonResponse(series(infusion_or_404(participant_of(request, study_id)), timezone.now()))


@requires("infusion.order")
@require_http_methods(FORM)
def start(request: HttpRequest, study_id: str) -> HttpResponse:
    """Start the infusion."""
    participant, user = participant_of(request, study_id), request.user
    return entry(
        request, participant, StartForm, lambda values: services.start_infusion(user, participant, **values),  # type: ignore[arg-type]
        "Start of the infusion",
    )  # fmt: skip


@requires("infusion.order")
@require_http_methods(FORM)
def rate(request: HttpRequest, study_id: str) -> HttpResponse:
    """Change the rate; on the bedside page the form answers in its place."""
    participant, user = participant_of(request, study_id), request.user
    infusion = infusion_or_404(participant)

    def save(values: dict[str, Any]) -> Any:
        return services.change_rate(user, infusion, **values)  # type: ignore[arg-type]

    if not request.htmx:  # type: ignore[attr-defined]
        return entry(request, participant, RateForm, save, "Rate")
    with timezone.override(participant.site.zone):
        form = RateForm(request.POST or None, participant=participant, user=user)  # type: ignore[arg-type]
        shown: dict[str, Any] = {"participant": participant, "form": form}
        if request.method != "POST" or not saved(form, save):
            return render(request, "infusion/_rate.html", shown, status=422 if form.errors else 200)
        shown |= {"form": RateForm(participant=participant, user=user), "done": form.cleaned_data["rate"]}  # type: ignore[arg-type]
        return trigger_client_event(render(request, "infusion/_rate.html", shown), RATE_CHANGED)


@requires("infusion.record")
@require_http_methods(FORM)
def bag(request: HttpRequest, study_id: str) -> HttpResponse:
    """Hang a bag."""
    participant, user = participant_of(request, study_id), request.user
    infusion = infusion_or_404(participant)
    return entry(
        request, participant, BagForm, lambda values: services.hang_bag(user, infusion, **values), "Bag"  # type: ignore[arg-type]
    )  # fmt: skip


@requires("infusion.record")
@require_http_methods(FORM)
def stop(request: HttpRequest, study_id: str) -> HttpResponse:
    """Stop the infusion."""
    participant, user = participant_of(request, study_id), request.user
    infusion = infusion_or_404(participant)
    return entry(
        request, participant, StopForm, lambda values: services.stop_infusion(user, infusion, **values),  # type: ignore[arg-type]
        "Stop of the infusion", "infusion/stop.html",
    )  # fmt: skip


@requires("infusion.record")
@require_http_methods(FORM)
def clonidine(request: HttpRequest, study_id: str) -> HttpResponse:
    """Record a dose of clonidine."""
    participant, user = participant_of(request, study_id), request.user
    return entry(
        request, participant, ClonidineForm,
        lambda values: services.record_clonidine(user, participant, **values), "Clonidine",  # type: ignore[arg-type]
    )  # fmt: skip


@requires("infusion.record")
@require_http_methods(FORM)
def vitals(request: HttpRequest, study_id: str) -> HttpResponse:
    """Record vital signs."""
    participant, user = participant_of(request, study_id), request.user
    return entry(
        request, participant, VitalsForm, lambda values: services.record_vitals(user, participant, **values),  # type: ignore[arg-type]
        "Vital signs",
    )  # fmt: skip


@requires("infusion.record")
@require_http_methods(FORM)
def side_effects(request: HttpRequest, study_id: str) -> HttpResponse:
    """Record the side-effect checklist."""
    participant, user = participant_of(request, study_id), request.user
    return entry(
        request, participant, SideEffectsForm,
        lambda values: services.record_side_effects(user, participant, **values),  # type: ignore[arg-type]
        "Side effects", "infusion/side_effects.html",
    )  # fmt: skip


@requires("infusion.record")
@require_http_methods(FORM)
def serum(request: HttpRequest, study_id: str) -> HttpResponse:
    """Record the serum levels of one sample."""
    participant, user = participant_of(request, study_id), request.user
    return entry(
        request, participant, SerumForm,
        lambda values: services.record_serum_sample(user, participant, **values), "Serum levels",  # type: ignore[arg-type]
    )  # fmt: skip
