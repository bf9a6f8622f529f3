"""Pages of interviews in progress: keep the answers so far, set them aside, and the list on the front page."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from assessments.forms import AssessmentForm
from assessments.interviews import queries, services
from assessments.interviews.forms import SetAsideForm
from assessments.interviews.wording import words_of
from assessments.views import Place, alarm_of, latest, place
from trial.participants.worklist import label_of
from trial.permissions import PermittedRequest, requires
from trial.records.saving import CONFLICT, REFUSED, attempt, status_of
from trial.records.services import AlreadyRecorded, RecordError, StaleRecord
from trial.users.posting import FORM, posted


@requires("assessments.record")
@require_POST
def answers(request: PermittedRequest, study_id: str, visit_code: str, instrument: str) -> HttpResponse:
    """Keep the answers so far, and say how they stand: saved, in conflict, or refused."""
    at = place(request, study_id, visit_code, instrument)
    with timezone.override(at.participant.site.zone):
        page = AssessmentForm(
            request.POST,
            scale=at.scale,
            visit=at.visit,
            actor=request.user,
            begun=queries.latest_at(at.visit, instrument),
        )
        try:
            row = services.save_answers(
                request.user, participant=at.participant, visit=at.visit, instrument=instrument, **page.answers()
            )
        except (StaleRecord, AlreadyRecorded):
            return state(request, at, {"is_other": True, "other": latest(at)}, CONFLICT)
        except RecordError as refused:
            return state(request, at, {"refused": refused}, REFUSED)
        frame = {"begun": row, "faulty": page.faulty()}
        return state(request, at, frame | alarm_of(request.user, row))


def state(request: PermittedRequest, at: Place, frame: dict[str, object], status: int = 200) -> HttpResponse:
    """The parts of the page that say how the answers stand."""
    return render(request, "assessments/_interview.html", {"place": at, **frame}, status=status)


@requires("assessments.record")
@require_http_methods(FORM)
def set_aside(request: PermittedRequest, study_id: str, visit_code: str, instrument: str) -> HttpResponse:
    """Take the answers of an interview out, with a reason; it can begin anew."""
    at = place(request, study_id, visit_code, instrument)
    row = queries.get_latest(at.visit, instrument)
    if not row.is_in_progress:  # sent twice, or a colleague was first
        return redirect("participants:visit", study_id, visit_code)
    form = SetAsideForm(posted(request), initial={"version": row.version})

    def write() -> None:
        version = form.cleaned_data["version"] or 0
        services.set_aside(request.user, row, version=version, reason=form.cleaned_data["reason"])

    if request.method == "POST" and attempt(form, write):
        messages.success(request, f"The answers of {at.scale.title} are set aside. Its history still tells them.")
        return redirect("participants:visit", study_id, visit_code)
    frame = {
        "participant": at.participant,
        "form": form,
        "title": "Set the answers aside",
        "intro": f"{at.scale.title}, {at.label}, {words_of(row)}. The answers go into no result; the history keeps "
        "them, and an alert that they raised stays.",
        "submit": "Set aside",
        "cancel": reverse("assessments:form", args=[study_id, visit_code, instrument]),
    }
    return render(request, "participants/form.html", frame, status=status_of(form))


@requires("assessments.read")
@require_safe
def today(request: PermittedRequest) -> HttpResponse:
    """Show the interviews in progress as a fragment; nothing where there are none."""
    rows = [(row, label_of(row.visit), words_of(row)) for row in queries.at_sites(request.sites)]
    return render(request, "assessments/_today.html", {"rows": rows})
