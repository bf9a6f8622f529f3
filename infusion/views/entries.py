"""A form for each thing ordered, done or seen at the bedside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods
from django_htmx.http import trigger_client_event

from infusion import services
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
from infusion.views.frame import frame, infusion_or_404, participant_of, saved, way_back
from trial.participants.models import Participant
from trial.participants.queries import get_visit
from trial.permissions import requires
from trial.records.saving import status_of
from trial.users.posting import FORM, posted

RATE_CHANGED = "rate-changed"


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
    after: Callable[[Any], str] | None = None,
) -> HttpResponse:
    """Show a form, or save it and go back to the visit or the bedside it was opened from, or on to *after*."""
    back = way_back(request, participant)
    with timezone.override(participant.site.zone):
        form = kind(
            posted(request), participant=participant, user=request.user, initial=asked_for(request, participant)  # type: ignore[arg-type]
        )  # fmt: skip
        if request.method == "POST" and saved(form, save):
            messages.success(request, f"{title} saved.")
            return redirect((after and after(form)) or back.address)
        shown = {**frame(request, participant), "form": form, "title": title, "back": back}
        return render(request, template, shown, status=status_of(form))


def started(form: StartForm) -> str:
    """Where a start leads that lies longer back than an infusion lasts: to the record of its end."""
    return reverse("infusion:stop", args=[form.participant.study_id]) if form.is_long_ago else ""


@requires("infusion.order")
@require_http_methods(FORM)
def start(request: HttpRequest, study_id: str) -> HttpResponse:
    """Start the infusion."""
    participant, user = participant_of(request, study_id), request.user
    return entry(
        request, participant, StartForm, lambda values: services.start_infusion(user, participant, **values),  # type: ignore[arg-type]
        "Start of the infusion", after=started,
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
        form = RateForm(posted(request), participant=participant, user=user)  # type: ignore[arg-type]
        shown: dict[str, Any] = {"participant": participant, "form": form}
        if request.method != "POST" or not saved(form, save):
            return render(request, "infusion/_rate.html", shown, status=status_of(form))
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
