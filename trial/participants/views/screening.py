"""Every screening form through one view, and the doses of a medicine."""

from __future__ import annotations

from copy import copy
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.text import capfirst
from django.views.decorators.http import require_http_methods, require_safe

from trial.participants import queries, services, worklist
from trial.participants.access import for_participant
from trial.participants.forms import DoseForm, attempt, screening_form
from trial.participants.models import Demographics, Medication, Participant
from trial.participants.screening import FORMS, ScreeningForm
from trial.participants.views.participant import form_page
from trial.permissions import may, requires
from trial.records.conflicts import opened
from trial.records.models import ClinicalRecord
from trial.records.saving import status_of, to_show
from trial.records.services import AlreadyRecorded
from trial.rules.deviations import consent_deviation
from trial.users.posting import FORM, posted

OVERTAKEN = "Somebody else saved this form since you opened it; see below. Correct that record, or enter another."


@requires("participants.screen")
@require_http_methods(FORM)
@for_participant
def screening(request: HttpRequest, participant: Participant, slug: str) -> HttpResponse:
    """Show a screening form with what was entered before; enter a new record or correct one."""
    kind = kind_of(participant, slug)
    records = records_of(participant, kind)
    chosen = chosen_record(records, request.GET.get("record", ""))
    may_open = not records or ("new" in request.GET and kind.model is not Demographics)
    is_open = bool(chosen or may_open or request.method == "POST")
    # A copy: checking a form fills its record with what was typed, and the page shows what is stored.
    form = screening_form(kind)(posted(request), instance=copy(chosen)) if is_open else None
    saved: list[ClinicalRecord] = []

    def write() -> None:
        assert form is not None  # noqa: S101 - a post always has its form
        if not (chosen or may_open) and not any(is_made_by(record, request.user, form) for record in records):
            raise AlreadyRecorded(OVERTAKEN)
        saved.append(form.save_record(request.user, participant))

    about = None if chosen is None else opened(chosen, lambda row: screening_form(kind)(instance=row))
    if (
        request.method == "POST"
        and form is not None
        and attempt(form, write, about, by=request.user if chosen else None)
    ):
        record = chosen or saved[0]
        tell_saved(request, participant, kind, saved[0] if saved else record)
        return redirect(after(participant, kind, record, is_new=chosen is None))
    return records_page(request, participant, kind, records, form=form, may_add=kind.model is not Demographics)


@require_safe
@requires("participants.read")
@for_participant
def recorded(request: HttpRequest, participant: Participant, slug: str) -> HttpResponse:
    """Show what is recorded on a screening form, to read only."""
    kind = kind_of(participant, slug)
    return records_page(request, participant, kind, records_of(participant, kind))


def records_of(participant: Participant, kind: ScreeningForm) -> list[ClinicalRecord]:
    """The records of a form, the newest first."""
    newest = ("-occurred_at", "-entered_at")
    if kind.model is Medication:
        return list(Medication.objects.filter(participant=participant).order_by(*newest).prefetch_related("doses"))
    return list(kind.model._default_manager.filter(participant=participant).order_by(*newest))


def records_page(
    request: HttpRequest,
    participant: Participant,
    kind: ScreeningForm,
    records: list[ClinicalRecord],
    *,
    form: Any = None,
    may_add: bool = False,
) -> HttpResponse:
    """Render the records of a form, with the form itself where one is open."""
    user: Any = request.user
    consented_at = queries.consented_at(participant)
    frame = {
        "participant": participant,
        "kind": kind,
        "form": to_show(form),
        "records": shown(kind, records, consented_at),
        "consented_at": consented_at,
        "may_add": may_add,
        "may_change": request.resolver_match is not None and request.resolver_match.url_name == "screening",
        "may_audit": may(user, "history.read", participant.site_id),
        "table": kind.model._meta.label,
    }
    return render(request, "participants/screening.html", frame, status=status_of(form))


def tell_saved(request: HttpRequest, participant: Participant, kind: ScreeningForm, record: ClinicalRecord) -> None:
    """Say that the form is saved and which is missing next; warn where no consent stood before it."""
    found = consent_deviation(kind.title, record.occurred_at, queries.consented_at(participant), participant.site.zone)
    if found is not None:
        messages.warning(request, f"{found.description} This is kept as an important deviation.")
    missing = next_missing(participant, kind)
    if missing is None:
        messages.success(request, f"{kind.title} is saved. No screening form is missing.")
        return
    url = reverse("participants:screening", args=[participant.study_id, missing.slug])
    words = '<span>{} is saved. Next missing form: <a class="alert-link" href="{}">{}</a>.</span>'
    messages.success(request, format_html(words, kind.title, url, missing.title))


def next_missing(participant: Participant, kind: ScreeningForm) -> ScreeningForm | None:
    """The next form of the cohort on which nothing is recorded, in their order and round again."""
    marks = worklist.screening_marks(participant)
    place = next((at for at, mark in enumerate(marks) if mark.form.slug == kind.slug), 0)
    return next((mark.form for mark in marks[place:] + marks[:place] if mark.latest is None), None)


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


def shown(kind: ScreeningForm, records: list[ClinicalRecord], consented_at: datetime | None) -> list[dict[str, Any]]:
    """Each record as labels and values for reading, and whether consent stood when it happened."""
    names = list(screening_form(kind)._meta.fields or ())
    lines = []
    for record in records:
        values = [(name, label(kind, record, name), value(record, name)) for name in names]
        if isinstance(record, Medication):
            values.append(("", "Doses", doses_of(record)))
        is_before_consent = consented_at is None or record.occurred_at < consented_at
        lines.append({"record": record, "values": values, "is_before_consent": is_before_consent})
    return lines


def label(kind: ScreeningForm, record: Model, name: str) -> str:
    """The field's name as the form shows it."""
    if name == "occurred_at":
        return kind.occurred
    return capfirst(str(getattr(record._meta.get_field(name), "verbose_name", name)))


def value(record: Model, name: str) -> Any:
    """The field's value in words."""
    words = getattr(record, f"get_{name}_display", None)
    return words() if words else getattr(record, name)


@requires("participants.screen")
@require_http_methods(FORM)
@for_participant
def dose(request: HttpRequest, participant: Participant, medication_id: UUID) -> HttpResponse:
    """Log a dose of a medicine, or its change."""
    medication = get_object_or_404(Medication, participant=participant, pk=medication_id)
    form = DoseForm(posted(request), initial={"from_date": first_day(medication)})

    def write() -> None:
        services.record_dose(request.user, medication, **form.cleaned_data)  # type: ignore[arg-type]

    if request.method == "POST" and attempt(form, write):
        messages.success(request, f"The dose of {medication.drug} is logged.")
        return redirect("participants:screening", participant.study_id, "medication")
    title = f"Dose of {medication.drug}"
    return form_page(
        request,
        participant,
        form,
        title=title,
        submit="Log the dose",
        intro=doses_so_far(medication),
        consent_due=queries.consented_at(participant) is None,
    )


def first_day(medication: Medication) -> Any:
    """The start of the medicine for its first dose; for a change the day is left to enter."""
    return None if medication.doses.exists() else medication.started_on


def doses_so_far(medication: Medication) -> str:
    """The doses logged so far, in a sentence."""
    doses = doses_of(medication)
    return f"So far: {doses}." if doses else "No dose is logged yet."


def doses_of(medication: Medication) -> str:
    """The doses of a medicine with the day of each, oldest first."""
    doses = sorted(medication.doses.all(), key=lambda dose: dose.from_date)
    return "; ".join(f"{dose.daily_dose_mg} mg from {dose.from_date.isoformat()}" for dose in doses)
