"""Adverse events: entered, shown with their clocks, corrected, followed up, reported."""

from __future__ import annotations

from copy import copy
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from trial.blinding import keep_from
from trial.participants.access import for_participant, sites_of
from trial.participants.forms import attempt
from trial.participants.models import Participant
from trial.permissions import may, requires
from trial.records.conflicts import opened
from trial.records.saving import status_of, to_show
from trial.safety import queries, services
from trial.safety.forms import AdverseEventForm, FollowUpForm, ReportForm
from trial.safety.models import AdverseEvent
from trial.safety.timeline import clocks_of, timeline_of
from trial.safety.views.frame import form_page
from trial.users.posting import FORM, posted


def event_of(request: HttpRequest, pk: UUID) -> AdverseEvent:
    """The event at one of the account's sites; raises Http404, and Hidden for a rater kept from the treatment."""
    found = queries.get_row(AdverseEvent, sites_of(request), pk)
    keep_from(request.user, found.participant_id)
    return found


@requires("safety.record")
@require_http_methods(FORM)
@for_participant
def adverse_event(request: HttpRequest, participant: Participant) -> HttpResponse:
    """Record an adverse event."""
    form = AdverseEventForm(posted(request))
    made: list[AdverseEvent] = []
    if request.method == "POST" and attempt(form, lambda: made.append(form.save_record(request.user, participant))):
        if made[0].is_serious:
            messages.warning(
                request, "The serious adverse event is recorded and its clocks run; see when to report it."
            )
            return redirect("safety:event", made[0].pk)
        messages.success(request, "The adverse event is recorded.")
        return redirect("participants:detail", participant.study_id)
    return event_form(request, participant, form)


@requires("safety.read")
@require_safe
def event(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show one adverse event: its judgement, its clocks, what became known later, and to whom it was reported."""
    found = event_of(request, pk)
    with timezone.override(found.participant.site.zone):
        return event_page(request, found)


@requires("safety.record")
@require_http_methods(FORM)
def correct(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Correct or complete an adverse event, with a reason."""
    found = event_of(request, pk)
    with timezone.override(found.participant.site.zone):
        form = AdverseEventForm(posted(request), instance=copy(found))
        about = opened(found, lambda row: AdverseEventForm(instance=row))

        def write() -> None:
            form.save_record(request.user, found.participant)

        if request.method == "POST" and attempt(form, write, about, by=request.user):
            messages.success(request, "The correction is saved.")
            return redirect("safety:event", pk)
        return event_form(request, found.participant, form, found)


@requires("safety.record")
@require_http_methods(FORM)
def follow_up(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Record what became known of an event."""
    found = event_of(request, pk)
    with timezone.override(found.participant.site.zone):
        form = follow_up_form(found, posted(request))
        if not form.is_bound:
            form.initial["outcome_code"] = ""  # how it stands now is said anew each time

        def write() -> None:
            given = {**form.cleaned_data, "version": form.cleaned_data["version"] or 0}
            services.follow_up(request.user, found, **given)  # type: ignore[arg-type]

        about = opened(found, follow_up_form, apart={"occurred_at"})
        if request.method == "POST" and attempt(form, write, about, by=request.user):
            messages.success(request, "The follow-up is recorded.")
            return redirect("safety:event", pk)
        title = f"Follow-up: {found.term}"
        back = reverse("safety:event", args=[pk])
        return form_page(request, found.participant, form, title=title, submit="Record the follow-up", cancel=back)


@requires("safety.report")
@require_http_methods(FORM)
def report(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Record that a serious event was reported."""
    found = event_of(request, pk)
    if not found.is_serious:
        raise Http404
    with timezone.override(found.participant.site.zone):
        form = ReportForm(posted(request), since=found.aware_at)

        def write() -> None:
            services.report_serious_event(request.user, found, **form.cleaned_data)  # type: ignore[arg-type]

        if request.method == "POST" and attempt(form, write):
            messages.success(request, "The report is recorded.")
            return redirect("safety:event", pk)
        title = f"Reported: {found.term}"
        back = reverse("safety:event", args=[pk])
        return form_page(request, found.participant, form, title=title, submit="Record the report", cancel=back)


def follow_up_form(found: AdverseEvent, data: Any = None) -> FollowUpForm:
    """The form of news about an event, showing how the event stands."""
    shown = {name: getattr(found, name) for name in ("version", "outcome_code", "ended_at")}
    return FollowUpForm(data, since=found.occurred_at, initial=shown)


def event_form(
    request: HttpRequest, participant: Participant, form: AdverseEventForm, found: AdverseEvent | None = None
) -> HttpResponse:
    """Render the form of an event, new or recorded."""
    back = reverse("safety:event", args=[found.pk]) if found else ""
    frame: dict[str, Any] = {"participant": participant, "form": to_show(form), "event": found}
    frame["cancel"] = back or reverse("participants:detail", args=[participant.study_id])
    return render(request, "safety/event_form.html", frame, status=status_of(form))


def event_page(request: HttpRequest, found: AdverseEvent) -> HttpResponse:
    """Render one event."""
    user: Any = request.user
    now, reports = timezone.now(), list(queries.reports_of(found))
    due = clocks_of(found, reports)
    frame = {
        "event": found,
        "participant": found.participant,
        "clocks": [(clock, clock.is_overdue(now)) for clock in due],
        "timeline": timeline_of(found, reports, due, now),
        "reports": reports,
        "follow_ups": queries.follow_ups_of(found),
        "reminders": queries.notices_about(found),
        "may_record": may(user, "safety.record", found.site_id),
        "may_report": may(user, "safety.report", found.site_id),
        "may_audit": may(user, "history.read", found.site_id),
    }
    return render(request, "safety/event.html", frame)
