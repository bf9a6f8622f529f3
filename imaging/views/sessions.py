"""Sessions: the list, a participant's panel, one session, and its form."""

from __future__ import annotations

from copy import copy
from typing import Any, cast

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from imaging import queries, services
from imaging.forms import SessionForm, UsabilityForm
from imaging.models import ImagingSession
from trial.participants.models import Participant
from trial.participants.queries import get_participant
from trial.participants.worklist import outcome_of
from trial.permissions import PermittedRequest, may, requires
from trial.records.conflicts import opened
from trial.records.saving import attempt, status_of, to_show
from trial.users.posting import FORM, posted


@requires("imaging.read")
@require_safe
def sessions(request: PermittedRequest) -> HttpResponse:
    """List the sessions of the sites."""
    frame = {
        "sessions": listed(request),
        "q": request.GET.get("q", ""),
        "may_record": may(request.user, "imaging.record"),
    }
    return render(request, "imaging/sessions.html", frame)


def listed(request: PermittedRequest) -> list[ImagingSession]:
    """The sessions that the account may see."""
    return list(queries.sessions_at(request.sites, request.GET.get("q", "")))


@requires("imaging.read")
@require_safe
def panel(request: PermittedRequest, study_id: str) -> HttpResponse:
    """Show a participant's sessions and networks as a fragment."""
    participant = get_participant(request.sites, study_id)
    with timezone.override(participant.site.zone):
        rows = queries.sessions_of(participant)
        frame = {
            "participant": participant,
            "sessions": [(row, queries.hours_after_infusion(row)) for row in rows],
            "networks": [row for row in queries.network_rows(participant, rows) if row.by_session],
            "may_record": may(request.user, "imaging.record", participant.site_id),
            "is_open": bool(queries.timepoints_open(participant)),
        }
        return render(request, "imaging/_panel.html", frame)


@requires("imaging.read")
@require_safe
def session(request: PermittedRequest, study_id: str, timepoint: str) -> HttpResponse:
    """Show one session with its volumes and networks."""
    participant = get_participant(request.sites, study_id)
    row = queries.get_session(participant, timepoint)
    with timezone.override(participant.site.zone):
        frame = {
            "participant": participant,
            "session": row,
            "volumes": queries.volume_rows(row),
            "networks": queries.networks_in(row),
            "hours": queries.hours_after_infusion(row),
            "may_audit": may(request.user, "history.read", participant.site_id),
            "may_record": may(request.user, "imaging.record", participant.site_id),
        }
        return render(request, "imaging/session.html", frame)


@requires("imaging.record")
@require_http_methods(FORM)
def record(request: PermittedRequest, study_id: str) -> HttpResponse:
    """Record a scan session."""
    participant = get_participant(request.sites, study_id)
    if request.method == "GET" and not queries.timepoints_open(participant):
        raise Http404("Every session of this participant is recorded.")
    return edit(request, participant, None)


@requires("imaging.record")
@require_http_methods(FORM)
def correct(request: PermittedRequest, study_id: str, timepoint: str) -> HttpResponse:
    """Correct when and where a session was scanned."""
    participant = get_participant(request.sites, study_id)
    return edit(request, participant, queries.get_session(participant, timepoint))


def edit(request: PermittedRequest, participant: Participant, row: ImagingSession | None) -> HttpResponse:
    """Show and take the form of a session; what the services refuse stands above it."""
    saved: list[ImagingSession] = []

    def show(session: ImagingSession | None, data: Any = None, **initial: str) -> SessionForm:
        return SessionForm(data, instance=copy(session), participant=participant, initial=initial)

    with timezone.override(participant.site.zone):
        asked = queries.timepoint_of(participant, request.GET.get("visit", ""))
        form = show(row, posted(request), timepoint=asked)

        def write() -> None:
            saved.append(form.save_record(request.user, participant))

        about, by = (None, None) if row is None else (opened(row, show), request.user)
        if request.method == "POST" and attempt(form, write, about, by=by):
            kept = saved[0] if saved else cast("ImagingSession", row)
            outcome = outcome_of(kept.visit) if kept.visit else ""
            messages.success(request, f"{kept} of {participant} saved. {outcome}".strip())
            return redirect("imaging:session", participant.study_id, kept.timepoint)
        frame = {"form": to_show(form), "participant": participant, "session": row}
        return render(request, "imaging/form.html", frame, status=status_of(form))


@requires("imaging.record")
@require_http_methods(FORM)
def usability(request: PermittedRequest, study_id: str, timepoint: str) -> HttpResponse:
    """Exclude a session from the analyses, or take it back."""
    participant = get_participant(request.sites, study_id)
    row = queries.get_session(participant, timepoint)

    def show(session: ImagingSession, data: Any = None) -> UsabilityForm:
        return UsabilityForm(data, initial={"version": session.version, "reason": session.exclusion_reason})

    form = show(row, posted(request))

    def write() -> None:
        change = services.exclude_session if row.is_usable else services.readmit_session
        change(request.user, row, version=form.cleaned_data["version"], reason=form.cleaned_data["reason"])

    with timezone.override(participant.site.zone):
        about = opened(row, show, also=usability_of)
        if request.method == "POST" and attempt(form, write, about, by=request.user):
            messages.success(request, f"{row} is {'excluded' if row.is_usable else 'taken back'}.")
            return redirect("imaging:session", study_id, timepoint)
        frame = {"form": to_show(form), "participant": participant, "session": row}
        return render(request, "imaging/usability.html", frame, status=status_of(form))


def usability_of(session: ImagingSession) -> dict[str, str]:
    """Whether a session is used, in words, for whoever saved too late."""
    return {"Usable": "yes" if session.is_usable else f"no: {session.exclusion_reason}"}
