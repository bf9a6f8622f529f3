"""Pages of interviews in progress: keep the answers so far, set them aside, and the list on the front page."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from assessments.forms import AssessmentForm
from assessments.instruments import instrument as load_instrument
from assessments.interviews import queries, services
from assessments.interviews.forms import SetAsideForm
from assessments.interviews.wording import name_of, words_of
from assessments.models import Assessment, Interview
from assessments.views import Place, alarm_of, latest, place
from trial.participants.queries import find_visit
from trial.participants.worklist import label_of
from trial.permissions import PermittedRequest, requires, sites_permitting
from trial.records.conflicts import opened
from trial.records.saving import CONFLICT, REFUSED, attempt, status_of, to_show
from trial.records.services import AlreadyRecorded, RecordError, StaleRecord
from trial.users.posting import FORM, posted


@requires("assessments.record")
@require_POST
def answers(request: PermittedRequest, study_id: str, visit_code: str, instrument: str) -> HttpResponse:
    """Keep the answers so far, and say how they stand: kept, in conflict, or refused."""
    at = place(request, study_id, visit_code, instrument)
    begun = queries.latest_at(at.visit, instrument)
    with timezone.override(at.participant.site.zone):
        page = AssessmentForm(request.POST, scale=at.scale, visit=at.visit, actor=request.user, begun=begun)
        where: dict[str, Any] = {"participant": at.participant, "visit": at.visit, "instrument": instrument}
        try:
            row = services.save_answers(request.user, **where, **page.answers())
        except (StaleRecord, AlreadyRecorded):
            return in_conflict(request, at, page)
        except (RecordError, ValidationError) as refused:
            words = " ".join(getattr(refused, "messages", [str(refused)]))
            return state(request, at, {"refused": words}, heeded(request, at, page), REFUSED)
        return state(request, at, {"begun": row, "is_empty": row is None, "faulty": page.faulty()}, row)


def in_conflict(request: PermittedRequest, at: Place, page: AssessmentForm) -> HttpResponse:
    """Say who was first; what the answers call for is heeded all the same."""
    other = latest(at)
    frame: dict[str, Any] = {"is_other": True, "other": other, "is_recorded": isinstance(other, Assessment)}
    return state(request, at, frame, heeded(request, at, page), CONFLICT)


def heeded(request: PermittedRequest, at: Place, page: AssessmentForm) -> Assessment | Interview | None:
    """What there is, or what was answered in vain where that calls for more: a danger is heard all the same."""
    found = latest(at)
    return found and services.heed(request.user, found, page.given_scores())


def state(
    request: PermittedRequest,
    at: Place,
    frame: dict[str, Any],
    rating: Assessment | Interview | None,
    status: int = 200,
) -> HttpResponse:
    """The parts of the page that say how the answers stand and what they call for."""
    frame |= {"place": at, **alarm_of(request.user, rating, queries.latest_at(at.visit, at.scale.id))}
    return render(request, "assessments/_interview.html", frame, status=status)


@requires("assessments.record")
@require_http_methods(FORM)
def set_aside(request: PermittedRequest, study_id: str, visit_code: str, instrument: str) -> HttpResponse:
    """Take the answers of an interview out, with a reason; it can begin anew."""
    visit = find_visit(request.sites, study_id, visit_code)
    row = queries.get_latest(visit, instrument)  # whether or not it is still due
    at = Place(visit.participant, visit, load_instrument(instrument))
    if not row.is_in_progress:  # sent twice, or a colleague was first
        return redirect("participants:visit", study_id, visit_code)

    def show(one: Interview) -> SetAsideForm:
        return SetAsideForm(initial={"version": one.version})

    form = SetAsideForm(posted(request), initial={"version": row.version})

    def write() -> None:
        version = form.cleaned_data["version"] or 0
        services.set_aside(request.user, row, version=version, reason=form.cleaned_data["reason"])

    with timezone.override(at.participant.site.zone):
        if request.method == "POST" and attempt(form, write, opened(row, show)):
            words = f"The answers of {at.scale.title} are set aside. They are kept in the history of the interview."
            messages.success(request, words)
            return redirect("participants:visit", study_id, visit_code)
        frame = {"participant": at.participant, "form": to_show(form), **aside_words(at, row)}
        return render(request, "participants/form.html", frame, status=status_of(form))


def aside_words(at: Place, row: Interview) -> dict[str, str]:
    """What the page of setting aside says, and where it leads back."""
    place_of = [at.participant.study_id, at.visit.code]
    return {
        "title": "Set the answers aside",
        "intro": f"{at.scale.title}, {at.label}, {words_of(row)}. The answers go into no result; the history keeps "
        "them, and an alert that they raised stays.",
        "submit": "Set aside",
        "to": reverse("participants:visit", args=place_of),
        "to_label": at.label,
        "cancel": reverse("assessments:form", args=[*place_of, at.scale.id]),
    }


@requires("assessments.read")
@require_safe
def today(request: PermittedRequest) -> HttpResponse:
    """Show the interviews in progress as a fragment; nothing where there are none."""
    may_record = sites_permitting(request.user, "assessments.record")
    rows = [
        (row, label_of(row.visit), name_of(row.instrument), words_of(row), row.site_id in may_record)
        for row in queries.at_sites(request.sites)
    ]
    return render(request, "assessments/_today.html", {"rows": rows})
