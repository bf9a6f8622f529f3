"""Sessions: the list, a participant's panel, one session, and its form."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from imaging import queries, services
from imaging.forms import SessionForm, UsabilityForm
from imaging.models import ImagingSession
from trial.participants.models import Participant
from trial.participants.queries import get_participant
from trial.participants.worklist import outcome_of
from trial.permissions import PermittedRequest, may, requires
from trial.records.services import RecordError

CONFLICT = 409


@requires("imaging.read")
@require_GET
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
@require_GET
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
@require_GET
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
            "may_record": may(request.user, "imaging.record", participant.site_id),
        }
        return render(request, "imaging/session.html", frame)


@requires("imaging.record")
@require_http_methods(["GET", "POST"])
def record(request: PermittedRequest, study_id: str) -> HttpResponse:
    """Record a scan session."""
    participant = get_participant(request.sites, study_id)
    if request.method == "GET" and not queries.timepoints_open(participant):
        raise Http404("Every session of this participant is recorded.")
    return edit(request, participant, None)


@requires("imaging.record")
@require_http_methods(["GET", "POST"])
def correct(request: PermittedRequest, study_id: str, timepoint: str) -> HttpResponse:
    """Correct when and where a session was scanned."""
    participant = get_participant(request.sites, study_id)
    return edit(request, participant, queries.get_session(participant, timepoint))


def edit(request: PermittedRequest, participant: Participant, row: ImagingSession | None) -> HttpResponse:
    """Show and take the form of a session; what the services refuse stands above it."""
    status = 200
    with timezone.override(participant.site.zone):
        asked = {"timepoint": queries.timepoint_of(participant, request.GET.get("visit", ""))}
        form = SessionForm(request.POST or None, instance=row, participant=participant, initial=asked)
        if form.is_valid():
            try:
                saved = form.save_record(request.user, participant)
            except RecordError as refused:
                form.add_error(None, str(refused))
                status = CONFLICT
            else:
                outcome = outcome_of(saved.visit) if saved.visit else ""
                messages.success(request, f"{saved} of {participant} saved. {outcome}".strip())
                return redirect("imaging:session", participant.study_id, saved.timepoint)
        frame = {"form": form, "participant": participant, "session": row}
        return render(request, "imaging/form.html", frame, status=status)


@requires("imaging.record")
@require_http_methods(["GET", "POST"])
def usability(request: PermittedRequest, study_id: str, timepoint: str) -> HttpResponse:
    """Exclude a session from the analyses, or take it back."""
    participant = get_participant(request.sites, study_id)
    row = queries.get_session(participant, timepoint)
    form = UsabilityForm(request.POST or None, initial={"version": row.version})
    status = 200
    if form.is_valid():
        change = services.exclude_session if row.is_usable else services.readmit_session
        try:
            change(request.user, row, version=form.cleaned_data["version"], reason=form.cleaned_data["reason"])
        except RecordError as refused:
            form.add_error(None, str(refused))
            status = CONFLICT
        else:
            messages.success(request, f"{row} is {'excluded' if row.is_usable else 'taken back'}.")
            return redirect("imaging:session", study_id, timepoint)
    frame = {"form": form, "participant": participant, "session": row}
    return render(request, "imaging/usability.html", frame, status=status)
