"""Every screening form through one view, and the doses of a medicine."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from trial.participants import queries, services
from trial.participants.access import for_participant
from trial.participants.forms import DoseForm, attempt, screening_form
from trial.participants.models import Demographics, Medication, Participant
from trial.participants.screening import FORMS, ScreeningForm
from trial.participants.views.participant import form_page
from trial.permissions import requires
from trial.records.models import ClinicalRecord
from trial.records.services import RecordError

OVERTAKEN = "Somebody else saved this form since you opened it; see below. Correct that record, or enter another."


@requires("participants.screen")
@for_participant
def screening(request: HttpRequest, participant: Participant, slug: str) -> HttpResponse:
    """Show a screening form with what was entered before; enter a new record or correct one."""
    kind = kind_of(participant, slug)
    records = list(kind.model._default_manager.filter(participant=participant).order_by("-occurred_at"))
    chosen = chosen_record(records, request.GET.get("record", ""))
    may_open = not records or ("new" in request.GET and kind.model is not Demographics)
    is_open = bool(chosen or may_open or request.method == "POST")
    form = screening_form(kind)(request.POST or None, instance=chosen) if is_open else None
    saved: list[ClinicalRecord] = []

    def write() -> None:
        assert form is not None  # noqa: S101 - a post always has its form
        if not (chosen or may_open) and not any(is_made_by(record, request.user, form) for record in records):
            raise RecordError(OVERTAKEN)
        saved.append(form.save_record(request.user, participant))

    if request.method == "POST" and form is not None and attempt(form, write):
        messages.success(request, f"{kind.title} is saved.")
        return redirect(after(participant, kind, saved[0], is_new=chosen is None))
    frame = {"participant": participant, "kind": kind, "form": form, "records": shown(kind, records)}
    frame |= {"consented_at": queries.consented_at(participant), "may_add": kind.model is not Demographics}
    return render(request, "participants/screening.html", frame)


def is_made_by(record: ClinicalRecord, user: Any, form: Any) -> bool:
    """Whether this very form, sent twice, made the record."""
    return bool(record.entered_by_id == user.pk and record.key == form.cleaned_data["key"])


def kind_of(participant: Participant, slug: str) -> ScreeningForm:
    """The form of the slug, if the participant's cohort fills it in; raises Http404."""
    kind = FORMS.get(slug)
    if kind is None or participant.cohort not in kind.cohorts:
        raise Http404
    return kind


def chosen_record(records: list[ClinicalRecord], text: str) -> ClinicalRecord | None:
    """The record to correct, by its id in the address; raises Http404 for one that is not the participant's."""
    if not text:
        return None
    found = next((record for record in records if str(record.pk) == text), None)
    if found is None:
        raise Http404
    return found


def after(participant: Participant, kind: ScreeningForm, record: ClinicalRecord, *, is_new: bool) -> str:
    """Where to go after saving: a new medicine's dose is asked next, lists stay open, else the participant."""
    if is_new and isinstance(record, Medication):
        return reverse("participants:dose", args=[participant.study_id, record.pk])
    if kind.repeats:
        return reverse("participants:screening", args=[participant.study_id, kind.slug])
    return reverse("participants:detail", args=[participant.study_id])


def shown(kind: ScreeningForm, records: list[ClinicalRecord]) -> list[dict[str, Any]]:
    """Each record as labels and values for reading."""
    names = list(screening_form(kind)._meta.fields or ())
    return [
        {"record": record, "values": [(label(record, name), value(record, name)) for name in names]}
        for record in records
    ]


def label(record: Model, name: str) -> str:
    """The field's name as the form shows it."""
    return str(getattr(record._meta.get_field(name), "verbose_name", name)).capitalize()


def value(record: Model, name: str) -> Any:
    """The field's value in words."""
    words = getattr(record, f"get_{name}_display", None)
    return words() if words else getattr(record, name)


@requires("participants.screen")
@for_participant
def dose(request: HttpRequest, participant: Participant, medication_id: UUID) -> HttpResponse:
    """Log a dose of a medicine, or its change."""
    medication = get_object_or_404(Medication, participant=participant, pk=medication_id)
    form = DoseForm(request.POST or None, initial={"from_date": first_day(medication)})

    def write() -> None:
        services.record_dose(request.user, medication, **form.cleaned_data)  # type: ignore[arg-type]

    if request.method == "POST" and attempt(form, write):
        messages.success(request, f"The dose of {medication.drug} is logged.")
        return redirect("participants:screening", participant.study_id, "medication")
    title = f"Dose of {medication.drug}"
    return form_page(request, participant, form, title=title, submit="Log the dose", intro=doses_so_far(medication))


def first_day(medication: Medication) -> Any:
    """The start of the medicine for its first dose; for a change the day is left to enter."""
    return None if medication.doses.exists() else medication.started_on


def doses_so_far(medication: Medication) -> str:
    """The doses logged so far, in a sentence."""
    doses = [f"{dose.daily_dose_mg} mg from {dose.from_date}" for dose in medication.doses.order_by("from_date")]
    return f"So far: {'; '.join(doses)}." if doses else "No dose is logged yet."
