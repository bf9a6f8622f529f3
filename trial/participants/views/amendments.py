"""Protocol versions at a site: who is under which, and the move of a participant to a later one."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from trial import protocol
from trial.participants import amendments, services
from trial.participants.access import for_participant, sites_of
from trial.participants.forms import MoveForm, attempt
from trial.participants.models import Participant
from trial.permissions import may, requires, sites_permitting
from trial.records.conflicts import opened
from trial.records.saving import status_of, to_show
from trial.users.posting import FORM, posted


@require_safe
@requires("participants.read")
def versions(request: HttpRequest) -> HttpResponse:
    """List each amendment with what it asks of whom, and how far the participants have come with it."""
    now, user = timezone.now(), request.user
    found = [
        {"version": version, "lines": amendments.on_earlier_versions(sites_of(request), version.id, now)}
        for version in map(protocol.for_version, protocol.versions())
        if version.amendment is not None
    ]
    frame = {"found": found, "phases": amendments.PHASE_WORDS, "moving": sites_permitting(user, "participants.amend")}  # type: ignore[arg-type]
    return render(request, "participants/versions.html", frame)


@require_http_methods(FORM)
@requires("participants.amend")
@for_participant
def move(request: HttpRequest, participant: Participant, version: str) -> HttpResponse:
    """Show what a move to a later version would change, and make it."""
    if version not in protocol.versions():
        raise Http404(f"There is no protocol version {version}.")

    def show(row: Participant, data: Any = None) -> MoveForm:
        return MoveForm(data, initial={"version": row.version})

    form = show(participant, posted(request))

    def write() -> None:
        given: dict[str, Any] = dict(form.cleaned_data)
        services.move_to_version(request.user, participant, to=version, **given)  # type: ignore[arg-type]

    about = opened(participant, show, also=lambda row: {"Protocol version": row.protocol_version})
    if request.method == "POST" and attempt(form, write, about):
        messages.success(request, f"{participant} is under {version} now; what was done before keeps its version.")
        return redirect("participants:detail", participant.study_id)
    frame = {
        "participant": participant,
        "form": to_show(form),
        "found": amendments.consequences_of(participant, version, timezone.now()),
        "may_consent": may(request.user, "participants.screen", participant.site_id),  # type: ignore[arg-type]
    }
    return render(request, "participants/move.html", frame, status=status_of(form))
