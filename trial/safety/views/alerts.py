"""One alert: whom to phone, who is on it, and what was done."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from trial.blinding import HIDDEN, is_blinded
from trial.participants.access import for_participant, sites_of
from trial.participants.forms import attempt
from trial.participants.models import Participant
from trial.permissions import may, requires
from trial.records.conflicts import opened
from trial.records.saving import status_of, to_show
from trial.records.services import RecordError
from trial.safety import on_call, queries, services
from trial.safety.blinding import all_seen_by, is_told, seen_by
from trial.safety.forms import AcknowledgeForm
from trial.safety.models import Alert
from trial.signatures.queries import Standing, signatures_of
from trial.signatures.services import Confirmation
from trial.signatures.wording import for_readers
from trial.users.posting import FORM, posted


@requires("safety.read")
@require_safe
def alert(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show one alert: whom and what it is about, and what was done or is to be done."""
    found = queries.get_row(Alert, sites_of(request), pk)
    with timezone.override(found.participant.site.zone):
        return alert_page(request, found)


@requires("safety.acknowledge")
@require_POST
def attend(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Say "I am on it": the alert has reached somebody, and stays open until it is acknowledged."""
    found = queries.get_row(Alert, sites_of(request), pk)
    try:
        services.attend(request.user, found)  # type: ignore[arg-type]
    except RecordError as refused:
        messages.warning(request, str(refused))
    else:
        messages.success(request, f"You are on it: the alert about {found.participant} stays open until acknowledged.")
    return redirect("safety:alert", pk)


@sensitive_post_parameters("username", "password")
@requires("safety.acknowledge")
@require_http_methods(FORM)
def acknowledge(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Acknowledge an alert with what was done and when, and sign it."""
    found = queries.get_row(Alert, sites_of(request), pk)
    with timezone.override(found.participant.site.zone):
        form = acknowledge_form(request, seen_by(request.user, found), posted(request))
        # To a rater who is kept from the treatment, what somebody else did is not laid beside the typed text.
        is_kept = is_blinded(request.user, found.participant_id)
        about = None if is_kept else opened(found, partial(acknowledge_form, request))
        confirmation = confirmed(form, found)

        def write() -> None:
            given = {"action_taken": form.cleaned_data["action_taken"], "acted_at": form.cleaned_data["occurred_at"]}
            given |= {"version": form.cleaned_data["version"] or 0, "confirmation": confirmation}
            services.acknowledge(request.user, found, **given)  # type: ignore[arg-type]

        if request.method == "POST" and attempt(form, write, about, by=request.user):
            messages.success(request, f"The alert about {found.participant} is acknowledged, with your signature.")
            return redirect("safety:alert", pk)
        return alert_page(request, found, form)


def confirmed(form: AcknowledgeForm, found: Alert) -> Confirmation | None:
    """Check the password before any transaction is open; None where the form or the alert needs no more."""
    if found.acknowledged_at is not None or not form.is_valid():
        return None
    try:
        return form.confirm()
    except RecordError as refused:
        form.add_error(None, str(refused))
        return None


@requires("safety.read")
@require_safe
@for_participant
def reach(request: HttpRequest, participant: Participant) -> HttpResponse:
    """Whom to phone about a participant's alerts that nobody answered, as a fragment that refreshes itself."""
    alerts = all_seen_by(request.user, queries.unanswered_alerts(participant))
    waiting = on_call.unreached(alerts, timezone.now())
    return render(request, "safety/_reach.html", {"unreached": waiting, "participant": participant, "on_page": True})


def acknowledge_form(request: HttpRequest, found: Alert, data: Any = None) -> AcknowledgeForm:
    """The form of an alert's acknowledgement, showing the one that it has."""
    shown: dict[str, Any] = {"version": found.version}
    if found.acknowledged_at is not None:
        words = "" if found.action_taken == HIDDEN else found.action_taken
        shown |= {"occurred_at": found.acted_at, "action_taken": words}
    return AcknowledgeForm(data, request=request, since=found.occurred_at, initial=shown)


def alert_page(request: HttpRequest, found: Alert, form: AcknowledgeForm | None = None) -> HttpResponse:
    """Render an alert, with the form of its acknowledgement for whoever may give it.

    A rater who is kept from its words can answer it all the same; that an event has to be reported is among them.
    """
    user: Any = request.user
    is_kept = is_blinded(user, found.participant_id)
    is_silent = is_kept and not is_told(found)
    found = seen_by(user, found)
    may_acknowledge = may(user, "safety.acknowledge", found.site_id)
    if form is None and may_acknowledge and found.acknowledged_at is None:
        form = acknowledge_form(request, found)
    frame = {
        "alert": found,
        "participant": found.participant,
        "form": to_show(form),
        "may_acknowledge": may_acknowledge,
        "unreached": on_call.unreached([found], timezone.now()),
        "notices": [] if is_silent else queries.notices_of(found),
        "is_silent": is_silent,
        "plan": queries.plan_of(found),
        "event_id": queries.event_of(found),
        "signatures": signatures_on(found, is_kept=is_kept),
    }
    return render(request, "safety/alert.html", frame, status=status_of(form))


def signatures_on(found: Alert, *, is_kept: bool) -> list[Standing]:
    """The signatures of an acknowledgement; why one is void is not told to a rater who is kept from the treatment."""
    if found.acknowledged_at is None:
        return []
    return for_readers(signatures_of(found), sees_values=False, is_blinded=is_kept)
