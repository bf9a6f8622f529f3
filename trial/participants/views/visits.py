"""One visit: its window, what is due, and whether it was held."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from trial.blinding import is_blinded
from trial.participants import queries, services, worklist
from trial.participants.access import for_participant
from trial.participants.forms import HeldCorrectionForm, HeldForm, MissedForm, attempt
from trial.participants.models import Participant, Visit
from trial.participants.views.participant import form_page
from trial.permissions import may, requires
from trial.records.conflicts import opened
from trial.records.events import ask
from trial.records.saving import status_of, to_show
from trial.records.services import RecordError
from trial.users.posting import FORM, posted


@requires("participants.read")
@require_safe
@for_participant
def visit(request: HttpRequest, participant: Participant, code: str) -> HttpResponse:
    """Show a visit."""
    return page(request, participant, queries.get_visit(participant, code))


@require_POST
@requires("participants.screen")
@for_participant
def held(request: HttpRequest, participant: Participant, code: str) -> HttpResponse:
    """Record that a visit was held; outside its window that raises a deviation."""
    found = queries.get_visit(participant, code)
    form = HeldForm(request.POST, auto_id="held_%s")

    def write() -> None:
        at, version = form.cleaned_data["occurred_at"], form.cleaned_data["version"] or 0
        if found.version == version and found.done_at not in (None, at):
            raise RecordError('This visit is already recorded as held at another time; use "Correct the time".')
        services.record_visit(request.user, found, occurred_at=at, version=version)  # type: ignore[arg-type]

    if attempt(form, write, opened(found, held_form, also=state_of), by=request.user):
        messages.success(request, worklist.outcome_of(found) or "The visit is recorded as done.")
        return redirect("participants:visit", participant.study_id, code)
    return page(request, participant, found, held=form)


@require_POST
@requires("participants.screen")
@for_participant
def missed(request: HttpRequest, participant: Participant, code: str) -> HttpResponse:
    """Record that a visit was missed."""
    found = queries.get_visit(participant, code)
    form = MissedForm(request.POST, auto_id="missed_%s")

    def write() -> None:
        given = {name: form.cleaned_data[name] for name in ("cause", "reason")}
        services.miss_visit(request.user, found, version=form.cleaned_data["version"] or 0, **given)  # type: ignore[arg-type]

    if attempt(form, write, opened(found, missed_form, also=state_of), by=request.user):
        messages.success(request, "The visit is recorded as missed, with a deviation.")
        return redirect("participants:visit", participant.study_id, code)
    return page(request, participant, found, missed=form)


@requires("participants.screen")
@require_http_methods(FORM)
@for_participant
def correct(request: HttpRequest, participant: Participant, code: str) -> HttpResponse:
    """Correct when a visit was held, with a reason."""
    found = queries.get_visit(participant, code)

    def show(row: Visit, data: Any = None) -> HeldCorrectionForm:
        return HeldCorrectionForm(data, initial={"occurred_at": row.done_at, "version": row.version})

    form = show(found, posted(request))

    def write() -> None:
        given = {name: form.cleaned_data[name] for name in ("version", "reason")}
        services.correct_visit(request.user, found, done_at=form.cleaned_data["occurred_at"], **given)  # type: ignore[arg-type]

    if request.method == "POST" and attempt(form, write, opened(found, show, also=state_of), by=request.user):
        messages.success(request, "The time of the visit is corrected.")
        return redirect("participants:visit", participant.study_id, code)
    return form_page(request, participant, form, title="Correct the time of the visit", submit="Save")


def held_form(visit: Visit) -> HeldForm:
    """The form that marks a visit as done, showing when it was where it is."""
    shown = {"version": visit.version} | ({"occurred_at": visit.done_at} if visit.done_at else {})
    return HeldForm(auto_id="held_%s", initial=shown)


def missed_form(visit: Visit) -> MissedForm:
    """The form that marks a visit as missed, showing why where it is."""
    return MissedForm(auto_id="missed_%s", initial={"version": visit.version, "reason": visit.missed_reason})


def state_of(visit: Visit) -> dict[str, str]:
    """How a visit stands, in words, for whoever saved too late."""
    why = f": {visit.missed_reason}" if visit.missed_reason else ""
    return {"State": f"{visit.get_state_display()}{why}"}


def page(
    request: HttpRequest,
    participant: Participant,
    found: Visit,
    *,
    held: HeldForm | None = None,
    missed: MissedForm | None = None,
) -> HttpResponse:
    """Render the page of a visit, with a form that was refused in place of a fresh one."""
    protocol = queries.protocol_at(found)
    plan, user = protocol.visits[found.code], request.user
    window, following = queries.window_of(found), worklist.following_of(participant)
    frame: dict[str, Any] = {
        "participant": participant,
        "visit": found,
        "plan": plan,
        "window": window,
        "window_words": worklist.window_words(window, participant.site.zone) if window else "",
        "badge": following.badge(found) or worklist.visit_badge(found, window, timezone.now()),
        "instruments": [protocol.instruments[code].label.text for code in plan.instruments.codes],
        "measurements": [protocol.measurements[code].label.text for code in plan.measurements.codes],
        "held": to_show(held) or held_form(found),
        "missed": to_show(missed) or missed_form(found),
        "may_record": may(user, "participants.screen", participant.site_id),  # type: ignore[arg-type]
        "may_call": plan.mode == "phone" and may(user, "contacts.read", participant.site_id),  # type: ignore[arg-type]
    }
    if may(user, "signatures.read", participant.site_id):  # type: ignore[arg-type]
        frame["signatures"] = reverse("signatures:panel", args=[found._meta.label, found.pk])
    if plan.instruments.codes and may(user, "assessments.read", participant.site_id):  # type: ignore[arg-type]
        frame["panel"] = reverse("assessments:visit_panel", args=[participant.study_id, found.code])
    frame["is_blinded"] = is_blinded(user, participant.pk)
    if plan.measurements.codes and may(user, "infusion.read", participant.site_id) and not frame["is_blinded"]:  # type: ignore[arg-type]
        frame["measured"] = reverse("infusion:visit_panel", args=[participant.study_id, found.code])
    if plan.schedule == worklist.SCANS and found.state != Visit.State.DONE:
        frame["may_scan"] = may(user, "imaging.record", participant.site_id)  # type: ignore[arg-type]
    if found.state == Visit.State.DONE:
        frame["still_due"] = ask("infusion.measurements_due", visit=found)
    return render(request, "participants/visit.html", frame, status=max(status_of(held), status_of(missed)))
