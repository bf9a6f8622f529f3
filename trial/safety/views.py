"""The safety board, a participant's safety panel, and the forms that change them."""

from __future__ import annotations

from copy import copy
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from trial.participants.access import for_participant, sites_of
from trial.participants.forms import attempt
from trial.participants.models import Participant
from trial.permissions import may, requires, sites_permitting
from trial.records.conflicts import opened
from trial.records.saving import status_of, to_show
from trial.safety import queries, services
from trial.safety.board import BoardFilter
from trial.safety.forms import AcknowledgeForm, AdverseEventForm, CorrectionForm, DeviationForm
from trial.safety.models import AdverseEvent, Alert, Deviation


@requires("safety.read")
def board(request: HttpRequest) -> HttpResponse:
    """Show open alerts first, then deviations and adverse events, as the filter of the address says."""
    sites, asked = sites_of(request), BoardFilter.of(request.GET)
    user: Any = request.user
    frame = {
        "asked": asked,
        "kinds": Deviation.Kind.choices,
        "alerts": queries.board_alerts(sites, asked),
        "deviations": queries.board_deviations(sites, asked),
        "adverse_events": queries.board_adverse_events(sites, asked),
        "acknowledging": sites_permitting(user, "safety.acknowledge"),
        "recording": sites_permitting(user, "safety.record"),
    }
    return render(request, "safety/board.html", frame)


@requires("safety.read")
def open_counts(request: HttpRequest) -> HttpResponse:
    """The open alerts and deviations, as a fragment of the Today page."""
    sites = sites_of(request)
    alerts = list(queries.open_alerts(sites))
    frame = {"alerts": alerts, "deviations": queries.open_deviations(sites).count()}
    return render(request, "safety/_open.html", frame)


@requires("safety.read")
@for_participant
def panel(request: HttpRequest, participant: Participant) -> HttpResponse:
    """One participant's alerts, deviations and adverse events, as a fragment."""
    user: Any = request.user
    frame = {
        "participant": participant,
        "alerts": queries.alerts_of(participant),
        "deviations": queries.deviations_of(participant),
        "adverse_events": queries.adverse_events_of(participant),
        "may_acknowledge": may(user, "safety.acknowledge", participant.site_id),
        "may_record": may(user, "safety.record", participant.site_id),
    }
    return render(request, "safety/_panel.html", frame)


@requires("safety.record")
@for_participant
def adverse_event(request: HttpRequest, participant: Participant) -> HttpResponse:
    """Record an adverse event."""
    form = AdverseEventForm(request.POST or None)
    if request.method == "POST" and attempt(form, lambda: form.save_record(request.user, participant)):
        messages.success(request, "The adverse event is recorded.")
        return redirect("participants:detail", participant.study_id)
    return form_page(request, participant, form, title="Adverse event", submit="Record the event")


@requires("safety.record")
def correct(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Correct an adverse event, with a reason."""
    event = queries.get_row(AdverseEvent, sites_of(request), pk)
    with timezone.override(event.participant.site.zone):
        form = AdverseEventForm(request.POST or None, instance=copy(event))
        about = opened(event, lambda row: AdverseEventForm(instance=row))

        def write() -> None:
            form.save_record(request.user, event.participant)

        if request.method == "POST" and attempt(form, write, about, by=request.user):
            messages.success(request, "The correction is saved.")
            return redirect("participants:detail", event.participant.study_id)
        return form_page(request, event.participant, form, title="Correct an adverse event", submit="Save")


@requires("safety.read")
def alert(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show one alert: whom and what it is about, and what was done or is to be done."""
    found = queries.get_row(Alert, sites_of(request), pk)
    with timezone.override(found.participant.site.zone):
        return alert_page(request, found)


@requires("safety.acknowledge")
def acknowledge(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Acknowledge an alert with what was done and when."""
    found = queries.get_row(Alert, sites_of(request), pk)
    with timezone.override(found.participant.site.zone):
        form = acknowledge_form(found, request.POST or None)

        def write() -> None:
            given = {"action_taken": form.cleaned_data["action_taken"], "acted_at": form.cleaned_data["occurred_at"]}
            services.acknowledge(request.user, found, version=form.cleaned_data["version"] or 0, **given)  # type: ignore[arg-type]

        about = opened(found, acknowledge_form)
        if request.method == "POST" and attempt(form, write, about, by=request.user):
            messages.success(request, f"The alert about {found.participant} is acknowledged.")
            return redirect("safety:alert", pk)
        return alert_page(request, found, form)


def acknowledge_form(found: Alert, data: Any = None) -> AcknowledgeForm:
    """The form of an alert's acknowledgement, showing the one that it has."""
    shown: dict[str, Any] = {"version": found.version}
    if found.acknowledged_at is not None:
        shown |= {"occurred_at": found.acted_at, "action_taken": found.action_taken}
    return AcknowledgeForm(data, since=found.occurred_at, initial=shown)


def alert_page(request: HttpRequest, found: Alert, form: AcknowledgeForm | None = None) -> HttpResponse:
    """Render an alert, with the form of its acknowledgement for whoever may give it."""
    user: Any = request.user
    may_acknowledge = may(user, "safety.acknowledge", found.site_id)
    if form is None and may_acknowledge and found.acknowledged_at is None:
        form = acknowledge_form(found)
    frame = {"alert": found, "participant": found.participant, "may_acknowledge": may_acknowledge}
    frame["form"] = to_show(form)
    return render(request, "safety/alert.html", frame, status=status_of(form))


@requires("safety.record")
@for_participant
def deviation(request: HttpRequest, participant: Participant) -> HttpResponse:
    """Report a deviation by hand."""
    form = DeviationForm(request.POST or None)

    def write() -> None:
        given = {"participant": participant, "is_automatic": False, **form.cleaned_data}
        services.record_deviation(request.user, **given)  # type: ignore[arg-type]

    if request.method == "POST" and attempt(form, write):
        messages.success(request, "The deviation is recorded.")
        return redirect("participants:detail", participant.study_id)
    return form_page(request, participant, form, title="Report a deviation", submit="Record the deviation")


@requires("safety.record")
def close(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Close a deviation with its corrective action."""
    found = queries.get_row(Deviation, sites_of(request), pk)

    def show(row: Deviation, data: Any = None) -> CorrectionForm:
        return CorrectionForm(data, initial={"version": row.version, "correction": row.correction})

    form = show(found, request.POST or None)

    def write() -> None:
        correction, version = form.cleaned_data["correction"], form.cleaned_data["version"] or 0
        services.close_deviation(request.user, found, correction=correction, version=version)  # type: ignore[arg-type]

    with timezone.override(found.participant.site.zone):
        if request.method == "POST" and attempt(form, write, opened(found, show), by=request.user):
            messages.success(request, "The deviation is closed.")
            return redirect("safety:board")
        return form_page(request, found.participant, form, title=found.summary, submit="Close the deviation")


def form_page(request: HttpRequest, participant: Participant, form: Any, *, title: str, submit: str) -> HttpResponse:
    """Render one form about a participant."""
    frame = {"participant": participant, "form": to_show(form), "title": title, "submit": submit}
    frame["cancel"] = reverse("participants:detail", args=[participant.study_id])
    return render(request, "participants/form.html", frame, status=status_of(form))
