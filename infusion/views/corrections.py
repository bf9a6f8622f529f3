"""Correcting what was recorded at the bedside, with a reason; both sides are kept when somebody else was faster."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from infusion import queries, services
from infusion.forms import (
    BagForm,
    BedsideForm,
    ClonidineForm,
    EndCorrectionForm,
    RateForm,
    SerumForm,
    SideEffectsForm,
    StartCorrectionForm,
    VitalsForm,
)
from infusion.models import Bag, ClonidineDose, RateChange, SerumSample, SideEffects, Vitals
from infusion.views.frame import frame, infusion_or_404, participant_of, saved, way_back
from trial.participants.models import Participant
from trial.permissions import may, requires
from trial.records.conflicts import opened
from trial.records.models import ClinicalRecord
from trial.records.saving import status_of, to_show
from trial.records.services import RecordError, require_version
from trial.users.posting import FORM, posted


@dataclass(frozen=True)
class Kind:
    """What a kind of record is corrected with: its table, form, service and name."""

    model: type[ClinicalRecord]
    form: type[BedsideForm]
    save: Callable[..., Any]
    title: str
    template: str = "infusion/entry.html"


KINDS = {
    "vitals": Kind(Vitals, VitalsForm, services.correct_vitals, "vital signs"),
    "clonidine": Kind(ClonidineDose, ClonidineForm, services.correct_clonidine, "clonidine"),
    "side-effects": Kind(
        SideEffects, SideEffectsForm, services.correct_side_effects, "side effects", "infusion/side_effects.html"
    ),
    "serum": Kind(SerumSample, SerumForm, services.correct_serum_sample, "serum levels"),
    "bag": Kind(Bag, BagForm, services.correct_bag, "bag"),
}


@requires("infusion.record")
@require_http_methods(FORM)
def correct(request: HttpRequest, study_id: str, kind: str, pk: UUID) -> HttpResponse:
    """Correct vital signs, a dose of clonidine, a side-effect list, a serum sample or a bag."""
    participant, user = participant_of(request, study_id), request.user
    if (found := KINDS.get(kind)) is None:
        raise Http404(f"Nothing of the kind {kind} is corrected here.")
    row = queries.row_of(participant, found.model, pk)

    def save(values: dict[str, Any]) -> Any:
        return found.save(user, row, **values)

    return correction(
        request, participant, row, found.form, lambda _, values: save(values), found.title, found.template
    )


@requires("infusion.order")
@require_http_methods(FORM)
def correct_rate(request: HttpRequest, study_id: str, pk: UUID) -> HttpResponse:
    """Correct a rate, its time or its reason."""
    participant, user = participant_of(request, study_id), request.user
    row = queries.row_of(participant, RateChange, pk)

    def save(_: Any, values: dict[str, Any]) -> Any:
        return services.correct_rate(user, row, **values)  # type: ignore[arg-type]

    return correction(request, participant, row, RateForm, save, "rate")


@requires("infusion.order")
@require_http_methods(FORM)
def correct_start(request: HttpRequest, study_id: str) -> HttpResponse:
    """Correct when the infusion began, or the dosing weight."""
    participant, user = participant_of(request, study_id), request.user
    row = infusion_or_404(participant)

    def save(_: Any, values: dict[str, Any]) -> Any:
        return services.correct_start(user, row, **values)  # type: ignore[arg-type]

    return correction(request, participant, row, StartCorrectionForm, save, "start of the infusion")


@requires("infusion.record")
@require_http_methods(FORM)
def correct_end(request: HttpRequest, study_id: str) -> HttpResponse:
    """Correct when, how and why the infusion ended, or take the end back."""
    participant, user = participant_of(request, study_id), request.user
    row = infusion_or_404(participant)
    # Somebody may have taken the end back since the form was opened: what was typed is then shown, not lost.
    if row.ended_at is None and request.method != "POST":
        raise Http404("The infusion has not ended.")

    def save(form: EndCorrectionForm, values: dict[str, Any]) -> Any:
        require_version(row, values["version"])  # before a word about an end that somebody took back meanwhile
        named = {"version": values["version"], "reason": values["reason"]}
        if form.is_taken_back:
            if not may(user, "infusion.order", participant.site_id):  # type: ignore[arg-type]
                raise RecordError("It would run again, which is an order: ask the nurse, the psychiatrist or the PI.")
            return services.withdraw_end(user, row, **named)  # type: ignore[arg-type]
        return services.correct_end(user, row, **{**values, "completed": values["completed"] == "yes"})  # type: ignore[arg-type]

    return correction(request, participant, row, EndCorrectionForm, save, "end of the infusion")


def correction(
    request: HttpRequest,
    participant: Participant,
    row: ClinicalRecord,
    kind: type[BedsideForm],
    save: Callable[[Any, dict[str, Any]], Any],
    title: str,
    template: str = "infusion/entry.html",
) -> HttpResponse:
    """Show a record in its form, or save the correction; a newer record is shown beside what was typed (409)."""
    given: dict[str, Any] = {"participant": participant, "user": request.user, "record": row}
    children = ("levels",) if isinstance(row, SerumSample) else ()

    def show(record: Any) -> BedsideForm:
        return kind(None, **{**given, "record": record})

    with timezone.override(participant.site.zone):
        form = kind(posted(request), **given)
        about = opened(row, show, children)
        if request.method == "POST" and saved(form, lambda values: save(form, values), about, by=request.user):
            messages.success(request, f"The correction is saved: {title}.")
            return redirect(way_back(request, participant).address)
        shown = {**frame(request, participant), "form": to_show(form), "title": f"Correct: {title}", "record": row}
        shown["back"] = way_back(request, participant)
        return render(request, template, shown, status=status_of(form))
