"""One participant: enrolment, the page, consent, statuses and the planned day."""

from __future__ import annotations

from copy import copy
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from trial.blinding import HIDDEN, is_blinded
from trial.participants import amendments, queries, services, worklist
from trial.participants.access import for_participant, sites_of
from trial.participants.forms import ConsentForm, ContactForm, EnrolForm, PlanForm, StatusForm, attempt
from trial.participants.models import Participant, Status
from trial.permissions import UNBLINDING, may, requires
from trial.records.conflicts import Succession, opened
from trial.records.saving import status_of, to_show
from trial.users.posting import FORM, posted

PANELS = (
    ("infusion.read", "infusion:panel", "Infusion", ("patient",)),
    ("assessments.read", "assessments:panel", "Assessments", ("patient",)),
    ("imaging.read", "imaging:panel", "Imaging", ("patient", "control")),
    ("safety.read", "safety:panel", "Safety", ("patient", "control")),
    ("locks.read", "locks:panel", "Locks", ("patient", "control")),
    ("queries.read", "monitoring:panel", "Queries", ("patient", "control")),
)
ACTIONS = (
    "participants.screen",
    "participants.judge",
    "participants.dispose",
    "participants.amend",
    "contacts.open",
    "safety.read",
    "safety.record",
    "history.read",
)


@requires("participants.enrol")
@require_http_methods(FORM)
def enrol(request: HttpRequest) -> HttpResponse:
    """Register a person under a new study id; only the psychiatrist's decision enrols."""
    made: list[Participant] = []
    form = EnrolForm(posted(request), sites=sites_of(request))

    def write() -> None:
        values = {name: form.cleaned_data[name] for name in ("site", "cohort", "referral", "enrolled_on", "key")}
        made.append(services.enrol(request.user, **values))  # type: ignore[arg-type]

    if request.method == "POST" and attempt(form, write):
        messages.success(request, f"{made[0].study_id} is registered. Next: record the signed consent.")
        return redirect("participants:detail", made[0].study_id)
    intro = "The study id is given when you save. Names and numbers belong under Contact, encrypted, and nowhere else."
    frame: dict[str, Any] = {"form": form, "title": "Register a participant", "submit": "Register", "intro": intro}
    frame["cancel"] = reverse("participants:list")
    return render(request, "participants/form.html", frame, status=status_of(form))


@requires("participants.read")
@require_safe
@for_participant
def detail(request: HttpRequest, participant: Participant) -> HttpResponse:
    """Show a participant: statuses, visits, screening forms and the panels of the other apps."""
    now = timezone.now()
    frame = {
        "participant": participant,
        "consented_at": queries.consented_at(participant),
        "consents": queries.consents_of(participant),
        "timeline": worklist.timeline(participant, now),
        "marks": worklist.screening_marks(participant),
        "is_patient": participant.cohort == "patient",
        "panels": panels_for(request, participant),
        "offered_version": amendments.offered_to(participant),
        "signatures": _signatures(request, participant),
        **header(request, participant),
    }
    return render(request, "participants/detail.html", frame)


def _signatures(request: HttpRequest, participant: Participant) -> str:
    """The address of the signatures on everything about a participant; empty for who may not read them."""
    may_read = _may(request, "signatures.read", participant.site_id)
    return reverse("signatures:panel", args=[participant._meta.label, participant.pk]) if may_read else ""


def header(request: HttpRequest, participant: Participant) -> dict[str, Any]:
    """What the top of a participant's page needs: current statuses, their history, and what may be done.

    A rater who is kept from the treatment sees neither how the infusion stands nor the reasons of any status.
    """
    blinded = is_blinded(request.user, participant.pk)
    history = queries.statuses_of(participant)
    if blinded:
        history = [shown_to_rater(status) for status in history if status.axis != Status.Axis.INFUSION]
    current = {status.axis: status for status in history}
    return {
        "is_blinded": blinded,
        "history": history[::-1],
        "statuses": [
            {"axis": axis.label, "status": current.get(axis), "badge": _badge(current.get(axis))}
            for axis in Status.Axis
            if not (blinded and axis == Status.Axis.INFUSION)
        ],
        "can": {action.replace(".", "_"): _may(request, action, participant.site_id) for action in ACTIONS},
    }


def shown_to_rater(status: Status) -> Status:
    """A status as a rater who is kept from the treatment sees it: its reason may tell of a side effect."""
    shown = copy(status)
    shown.explanation = f"reason {HIDDEN}" if status.explanation else ""
    return shown


def _badge(status: Status | None) -> worklist.Badge | None:
    return None if status is None else worklist.badge_of(status.value)


def _may(request: HttpRequest, action: str, site_id: UUID) -> bool:
    user: Any = request.user
    return may(user, action, site_id)


def panels_for(request: HttpRequest, participant: Participant) -> list[dict[str, str]]:
    """The fragments of the other apps that the account may see; without an address what a rater is kept from."""
    blinded = is_blinded(request.user, participant.pk)
    return [
        {"title": title, "url": "" if blinded and action in UNBLINDING else reverse(name, args=[participant.study_id])}
        for action, name, title, cohorts in PANELS
        if participant.cohort in cohorts and _may(request, action, participant.site_id)
    ]


@requires("participants.screen")
@require_http_methods(FORM)
@for_participant
def consent(request: HttpRequest, participant: Participant) -> HttpResponse:
    """Record a signed consent form."""
    form = ConsentForm(posted(request))

    def write() -> None:
        given = dict(form.cleaned_data)
        contact, data = given.pop("may_contact"), given.pop("may_use_data")
        services.sign_consent(request.user, participant, contact=contact, data=data, **given)  # type: ignore[arg-type]

    if request.method == "POST" and attempt(form, write):
        messages.success(request, "The consent is recorded; the visits of the protocol are planned.")
        tell_refused(request, form)
        return redirect("participants:detail", participant.study_id)
    intro = f"First contact {participant.enrolled_on.isoformat()}. Tick only what the signed form says."
    may_correct = _may(request, "participants.enrol", participant.site_id)
    submit = "Record the consent"
    return form_page(
        request, participant, form, title="Consent", submit=submit, intro=intro, may_correct_contact=may_correct
    )


def tell_refused(request: HttpRequest, form: ConsentForm) -> None:
    """Name what was left unticked, for it is recorded as refused."""
    asked = {"may_contact": "contact for the follow-up", "may_use_data": "use of the data"}
    refused = [words for name, words in asked.items() if not form.cleaned_data[name]]
    if refused:
        slip = "If that was a slip, set the permission by Change a status."
        messages.warning(request, f"Not ticked, so recorded as refused: {', '.join(refused)}. {slip}")
    if not form.cleaned_data["copy_given"]:
        messages.warning(request, "The participant has no copy of the signed form yet; hand one over.")


@requires("participants.enrol")
@require_http_methods(FORM)
@for_participant
def contact(request: HttpRequest, participant: Participant) -> HttpResponse:
    """Correct the day of the first contact."""

    def show(row: Participant, data: Any = None) -> ContactForm:
        return ContactForm(data, initial={"enrolled_on": row.enrolled_on, "version": row.version})

    form = show(participant, posted(request))

    def write() -> None:
        given = form.cleaned_data
        on, version, reason = given["enrolled_on"], given["version"], given["reason"]
        services.correct_contact(request.user, participant, on=on, version=version, reason=reason)  # type: ignore[arg-type]

    if request.method == "POST" and attempt(form, write, opened(participant, show), by=request.user):
        messages.success(request, "The first contact is corrected; the old day is kept in the history.")
        return redirect("participants:detail", participant.study_id)
    return form_page(request, participant, form, title="Correct the first contact", submit="Save the correction")


@requires("participants.dispose")
@require_http_methods(FORM)
@for_participant
def status(request: HttpRequest, participant: Participant) -> HttpResponse:
    """Set a dated status on one axis."""
    form = status_form(participant, None, posted(request))

    def write() -> None:
        axis, value = form.parts()
        given = {name: form.cleaned_data[name] for name in ("occurred_at", "reason", "key")}
        services.set_status(request.user, participant, axis=axis, value=value, seen=form.seen(axis), **given)  # type: ignore[arg-type]

    # To a rater who is kept from the treatment, the reason somebody else gave is not laid beside the typed one.
    about = (
        None
        if is_blinded(request.user, participant.pk)
        else StatusSuccession(
            lambda: queries.current_status(participant, form.parts()[0]), lambda row: status_form(participant, row)
        )
    )
    if request.method == "POST" and attempt(form, write, about):
        messages.success(request, "The status is recorded. The other statuses stay as they are.")
        return redirect("participants:detail", participant.study_id)
    intro = "Each status stands for itself: ending one leaves the others. The infusion's is set on its own page."
    return form_page(request, participant, form, title="Change a status", submit="Record the status", intro=intro)


class StatusSuccession(Succession):
    """The next status of the axis that the form names."""

    def token(self, form: Any) -> str:
        return str(form.seen(form.parts()[0]))

    def names(self, shown: Any, form: Any) -> list[str]:
        return ["status"]


def status_form(participant: Participant, row: Status | None, data: Any = None) -> StatusForm:
    """The form of a status, showing one where it is given; it names the statuses that the page showed."""
    current = {status.axis: str(status.pk) for status in queries.statuses_of(participant)}
    seen: dict[str, Any] = {"seen_statuses": ",".join(f"{axis}:{pk}" for axis, pk in current.items())}
    if row is not None:
        seen |= {"status": f"{row.axis}:{row.value}", "occurred_at": row.occurred_at, "reason": row.explanation}
    return StatusForm(data, initial=seen)


@requires("participants.dispose")
@require_http_methods(FORM)
@for_participant
def plan(request: HttpRequest, participant: Participant) -> HttpResponse:
    """Plan the day of the infusion."""

    def show(row: Participant, data: Any = None) -> PlanForm:
        return PlanForm(data, initial={"planned_infusion_on": row.planned_infusion_on, "version": row.version})

    form = show(participant, posted(request))

    def write() -> None:
        on, version = form.cleaned_data["planned_infusion_on"], form.cleaned_data["version"]
        reason = "infusion planned" if on else "plan of the infusion taken back"
        services.plan_infusion(request.user, participant, on=on, version=version, reason=reason)  # type: ignore[arg-type]

    if request.method == "POST" and attempt(form, write, opened(participant, show), by=request.user):
        on = form.cleaned_data["planned_infusion_on"]
        planned = (
            f"The infusion is planned for {on.isoformat()}; windows counted from it are provisional." if on else ""
        )
        messages.success(request, planned or "The plan is taken back; no infusion is planned.")
        return redirect("participants:detail", participant.study_id)
    return form_page(request, participant, form, title="Plan the infusion", submit="Save the plan")


def form_page(
    request: HttpRequest, participant: Participant, form: Any, *, title: str, submit: str, intro: str = "", **more: Any
) -> HttpResponse:
    """Render one form about a participant; *more* are further names of the template."""
    frame = {"participant": participant, "title": title, "submit": submit, "intro": intro, **more}
    frame["form"] = to_show(form)
    frame["cancel"] = reverse("participants:detail", args=[participant.study_id])
    return render(request, "participants/form.html", frame, status=status_of(form))
