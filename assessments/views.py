"""Pages of assessments: the form of an instrument, what was saved, and the panels."""

from __future__ import annotations

from copy import copy
from typing import Any, NamedTuple

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from assessments import queries, services
from assessments.forms import AssessmentForm
from assessments.instruments import Instrument, instrument
from assessments.interviews.queries import at_visit, latest_at
from assessments.interviews.services import heed
from assessments.interviews.sides import Entered
from assessments.models import Assessment, Interview
from assessments.panels import course_of, due_at
from assessments.rules import INSTRUMENT, ITEM, steps_by_score
from trial import protocol
from trial.participants.models import Participant, Visit
from trial.participants.queries import find_visit, get_participant, protocol_of
from trial.participants.worklist import outcome_of
from trial.permissions import PermittedRequest, may, requires
from trial.records import drafts
from trial.records.saving import attempt, set_against, status_of, to_show
from trial.safety.blinding import seen_by
from trial.safety.on_call import unreached
from trial.safety.queries import alert_about
from trial.signatures.sign_off import is_signed_at
from trial.users.posting import FORM, posted


class Place(NamedTuple):
    """What an address of a form names."""

    participant: Participant
    visit: Visit
    scale: Instrument

    @property
    def label(self) -> str:
        """The visit in the protocol's words."""
        return protocol.for_version(self.visit.protocol_version).visits[self.visit.code].label


def place(request: PermittedRequest, study_id: str, visit_code: str, code: str) -> Place:
    """The participant, visit and instrument of an address; Http404 for one that is not due there."""
    visit = find_visit(request.sites, study_id, visit_code)
    if code not in queries.due_instruments(visit):
        raise Http404(f"{code} is not due at {visit_code}.")
    return Place(visit.participant, visit, instrument(code))


@requires("assessments.record")
@require_http_methods(FORM)
def form(request: PermittedRequest, study_id: str, visit_code: str, instrument: str) -> HttpResponse:
    """Enter an instrument at a visit, going on where an interview stands, or correct it where it is recorded."""
    at = place(request, study_id, visit_code, instrument)
    is_correction = request.method == "GET" or bool(request.POST.get("version"))
    recorded = queries.assessment_at(at.visit, instrument) if is_correction else None
    rows: list[Assessment] = []

    def show(row: Assessment | Interview | None, data: Any = None) -> AssessmentForm:
        about = {"begun": row} if isinstance(row, Interview) else {"instance": copy(row)}
        return AssessmentForm(data, scale=at.scale, visit=at.visit, actor=request.user, **about)

    with timezone.override(at.participant.site.zone):
        page = show(recorded or latest_at(at.visit, instrument), posted(request))

        def write() -> None:
            rows.append(page.save_record(request.user, at.participant, at.visit))

        about = Entered(lambda: latest(at), show)
        if "compare" in request.POST:
            set_against(page, about)
        elif request.method == "POST" and attempt(page, write, about, by=request.user if recorded else None):
            return taken(request, at, rows[0] if rows else recorded)
        return shown(request, at, page)


def taken(request: PermittedRequest, at: Place, row: Assessment | None) -> HttpResponse:
    """Lead from a form that was taken to what is recorded, saying what it made of the visit."""
    outcome = outcome_of(row.visit) if row and row.visit else ""
    messages.success(request, f"{at.scale.title} saved. {outcome}".strip())
    return redirect("assessments:saved", at.participant.study_id, at.visit.code, at.scale.id)


def shown(request: PermittedRequest, at: Place, page: AssessmentForm) -> HttpResponse:
    """The form, with what its answers call for, also where they are in conflict with what there is."""
    answer = to_show(page)
    rating = answer.begun
    if page.conflict or answer.conflict:
        found = latest(at)
        rating = found and heed(request.user, found, page.given_scores())
    person, address = at.participant, drafts.identity(request.path)
    scores = at.scale.items[ITEM].values if at.scale.id == INSTRUMENT else ()
    frame = {
        **alarm_of(request.user, rating, latest_at(at.visit, at.scale.id)),
        "form": answer,
        "place": at,
        "is_drafted": drafts.kept(request.user, address) is not None,
        "steps": steps_by_score(scores, protocol_of(person).safety.suicidal_thoughts),
        "is_signed": is_signed_at(person.protocol_version, [person.site]) if scores else None,
    }
    return render(request, "assessments/form.html", frame, status=status_of(page))


def latest(at: Place) -> Assessment | Interview | None:
    """What a form of a place is about by now: the assessment, else the interview, in progress or set aside."""
    recorded = queries.assessment_at(at.visit, at.scale.id)
    return recorded or at_visit(at.visit).get(at.scale.id)


def alarm_of(user: Any, rating: Assessment | Interview | None, interview: Interview | None = None) -> dict[str, Any]:
    """What a page about a rating shows of what it calls for: the steps, the alert, whom to phone.

    *interview* is the one that the rating came of: its alert is the rating's too.
    """
    if rating is None:
        return {}
    found = alert_about([rating, interview] if interview else [rating], services.ALERT_KIND)
    alert = found and seen_by(user, found)
    escalation, participant = services.escalation_of(rating), rating.participant
    return {
        "participant": participant,
        "alert": alert,
        "escalation": escalation,
        "unreached": unreached([alert], timezone.now()) if alert else [],
        "is_signed": escalation and is_signed_at(participant.protocol_version, [participant.site]),
    }


@requires("assessments.read")
@require_safe
def saved(request: PermittedRequest, study_id: str, visit_code: str, instrument: str) -> HttpResponse:
    """Show what is recorded: totals, items, and the steps that a suicidality score calls for."""
    at = place(request, study_id, visit_code, instrument)
    recorded = queries.assessment_at(at.visit, instrument)
    if recorded is None:
        raise Http404(f"{instrument} is not recorded at {visit_code}.")
    interview = latest_at(at.visit, instrument)
    with timezone.override(at.participant.site.zone):
        frame = {
            "place": at,
            "participant": at.participant,
            "interview": interview,
            "assessment": recorded,
            "items": items_of(at.scale, recorded),
            "subscales": [
                (subscale.label, recorded.subscales.get(name)) for name, subscale in at.scale.subscales.items()
            ],
            "is_risk_unknown": at.scale.id == INSTRUMENT and ITEM in recorded.missing,
            "may_record": may(request.user, "assessments.record", at.participant.site_id),
            "signatures": reverse("signatures:panel", args=[recorded._meta.label, recorded.pk]),
        }
        return render(request, "assessments/saved.html", frame | alarm_of(request.user, recorded, interview))


def items_of(scale: Instrument, recorded: Assessment) -> list[tuple[str, int | None, str, str]]:
    """Each item as label, score, the words for it (or the reason why it is missing), and its name for a query."""
    rows: list[tuple[str, int | None, str, str]] = []
    for name, item in scale.items.items():
        value = recorded.scores.get(name)
        words = recorded.missing.get(name, "") if value is None else item.anchors.get(value, "")
        rows.append((item.label, value, words, f"scores.{name}"))
    return rows


@requires("assessments.read")
@require_safe
def panel(request: PermittedRequest, study_id: str) -> HttpResponse:
    """Show the course of a participant's totals as a fragment."""
    participant = get_participant(request.sites, study_id)
    with timezone.override(participant.site.zone):
        frame = {
            "participant": participant,
            "course": course_of(participant),
            "may_assign": may(request.user, "raters.assign", participant.site_id),
        }
        return render(request, "assessments/_panel.html", frame)


@requires("assessments.read")
@require_safe
def visit_panel(request: PermittedRequest, study_id: str, visit_code: str) -> HttpResponse:
    """Show the instruments due at a visit as a fragment, with their state and links."""
    visit = find_visit(request.sites, study_id, visit_code)
    participant = visit.participant
    with timezone.override(participant.site.zone):
        frame = {
            "participant": participant,
            "visit": visit,
            "rows": due_at(visit),
            "may_record": may(request.user, "assessments.record", participant.site_id),
        }
        return render(request, "assessments/_visit_panel.html", frame)
