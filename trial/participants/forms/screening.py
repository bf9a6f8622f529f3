"""The screening forms, made from their tables."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from django import forms
from django.db import models
from django.utils import timezone

from trial.participants.forms.base import KeyedForm, not_in_future
from trial.participants.forms.numbers import possible_number
from trial.participants.models import MedicationDose
from trial.participants.screening import ScreeningForm
from trial.participants.services import correct_screening, record_screening
from trial.records.forms import RecordForm, day, moment
from trial.records.models import ClinicalRecord

OF_THE_RECORD = {field.name for field in ClinicalRecord._meta.get_fields()} - {"occurred_at"}


class ScreeningRecordForm(RecordForm[ClinicalRecord]):
    """A screening form; saving goes through the service that watches over consent."""

    slug = ""

    def clean_occurred_at(self) -> datetime:
        """Refuse a moment in the future."""
        at: datetime = self.cleaned_data["occurred_at"]
        return not_in_future(at)

    def full_clean(self) -> None:
        """Say one thing of each field: a value refused is missing to the table's own check, which says so again."""
        super().full_clean()
        for name in set(self.errors) & set(self.fields):
            del self.errors[name][1:]

    def clean(self) -> dict[str, Any]:
        """Refuse a day that has not come yet: a screening form tells what was."""
        cleaned = super().clean() or self.cleaned_data
        for name, field in self.fields.items():
            on = cleaned.get(name)
            if isinstance(field, forms.DateField) and on is not None and on > timezone.localdate():
                self.add_error(name, "This day has not come yet; enter it when it has happened.")
        return cleaned

    def save_record(self, actor: Any, participant: Any, visit: Any = None, **more: Any) -> ClinicalRecord:
        """Enter or correct the record; raises RecordError, ValidationError."""
        at = self.cleaned_data["occurred_at"]
        if self.is_correction:
            version, reason = self.cleaned_data["version"] or 0, self.cleaned_data["reason"]
            return correct_screening(
                actor, self.instance, version=version, reason=reason, occurred_at=at, **self.values(), **more
            )
        key = self.cleaned_data["key"]
        return record_screening(
            actor, participant, slug=self.slug, occurred_at=at, visit=visit, key=key, **self.values(), **more
        )


def form_field(field: models.Field[Any, Any], **options: Any) -> forms.Field | None:
    """A date gets the browser's date field, a number its range in words; everything else is Django's own."""
    if isinstance(field, models.DateField) and not isinstance(field, models.DateTimeField):
        return day(str(field.verbose_name).capitalize(), required=not field.blank)
    made: forms.Field | None = possible_number(field) or field.formfield(**options)
    return made


def screening_form(form: ScreeningForm) -> type[ScreeningRecordForm]:
    """Return the form class of one entry of the registry."""
    names = [field.name for field in form.model._meta.concrete_fields if field.name not in OF_THE_RECORD]
    made = cast(
        type[ScreeningRecordForm],
        forms.modelform_factory(form.model, form=ScreeningRecordForm, fields=names, formfield_callback=form_field),
    )
    made.slug = form.slug
    made.occurred_label = form.occurred
    return made


class DoseForm(KeyedForm):
    """A change of a medicine's dose."""

    from_date = day("From")
    occurred_at = moment("Reported at")

    def grow(self) -> None:
        """Ask for the dose within what the table takes."""
        field = possible_number(MedicationDose._meta.get_field("daily_dose_mg"))
        assert field is not None  # noqa: S101 - the table declares its range
        field.help_text = "0 when it was stopped."
        self.fields["daily_dose_mg"] = field
        self.order_fields(["from_date", "daily_dose_mg"])
