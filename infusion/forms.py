"""The shape of what is entered at the bedside; whether it may be is judged by the services."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.utils import timezone

from trial.participants.models import Participant, Visit
from trial.participants.queries import protocol_of, visits_of
from trial.records.forms import mark_up, moment
from trial.records.models import wrong_year
from trial.users.models import User

CLOCK_AHEAD = timedelta(minutes=5)
STEP = {"inputmode": "decimal", "step": "any"}


class BedsideForm(forms.Form):
    """A one-use key and the moment, in the site's time."""

    key = forms.UUIDField(widget=forms.HiddenInput)
    occurred_at = moment("When")
    measurement = ""

    def __init__(self, data: Any = None, *, participant: Participant, user: User, **more: Any) -> None:
        super().__init__(data, **more)
        self.participant = participant
        self.protocol = protocol_of(participant)
        self.initial.setdefault("key", uuid.uuid4())
        self.initial.setdefault("occurred_at", timezone.localtime().replace(second=0, microsecond=0))
        self.prepare(user)
        for field in self.visible_fields():
            if not isinstance(field.field.widget, forms.RadioSelect):
                mark_up(field)

    def clean_occurred_at(self) -> datetime:
        """Refuse a time to come, and a year that cannot be; a few minutes allow for a clock that runs ahead."""
        at: datetime = self.cleaned_data["occurred_at"]
        if words := wrong_year(at):
            raise forms.ValidationError(words)
        if at > timezone.now() + CLOCK_AHEAD:
            raise forms.ValidationError("This time is still to come; enter it when it has happened.")
        return at

    def prepare(self, user: User) -> None:
        """Fill in what depends on the participant and the account."""

    def offer_visits(self, field: str) -> None:
        """Offer the visits at which the protocol asks for this measurement, the one nearest in time first."""
        plan = self.protocol.visits
        wanted = [v for v in visits_of(self.participant) if self.measurement in plan[v.code].measurements.codes]
        choice = self.fields[field]
        choice.queryset = Visit.objects.filter(pk__in=[visit.pk for visit in wanted])  # type: ignore[attr-defined]
        choice.choices = [  # type: ignore[attr-defined]
            ("", "at no visit"),
            *((visit.pk, plan[visit.code].label) for visit in wanted),
        ]
        now = timezone.now()
        dated = [(abs(visit.due_at - now), visit) for visit in wanted if visit.due_at is not None]
        if dated:
            self.initial.setdefault(field, min(dated, key=lambda pair: pair[0])[1].pk)

    def values(self) -> dict[str, Any]:
        """What the service is called with."""
        return dict(self.cleaned_data)


class OrderForm(BedsideForm):
    """Something that limits bind, unless it has happened already."""

    happened = forms.BooleanField(label="This has already happened", required=False)
    override_reason = forms.CharField(label="Reason for going past a warning", max_length=120, required=False)


class CheckedForm(OrderForm):
    """An order that a second person checks."""

    checked_by = forms.ModelChoiceField(queryset=User.objects.none(), label="Second check by", required=False)

    def prepare(self, user: User) -> None:
        others = User.objects.filter(
            is_active=True,
            role_assignments__site_id=self.participant.site_id,
            role_assignments__role__in=("nurse", "psychiatrist", "coordinator", "pi"),
        ).exclude(pk=user.pk)
        self.fields["checked_by"].queryset = others.distinct().order_by("full_name")  # type: ignore[attr-defined]


class RateForm(CheckedForm):
    """A new rate; 0 pauses."""

    rate = forms.DecimalField(
        label="Rate (mg/kg/h)", min_value=0, max_digits=5, decimal_places=4,
        help_text="0 pauses the infusion.", widget=forms.NumberInput(attrs=STEP),
    )  # fmt: skip
    reason = forms.CharField(label="Reason", max_length=200)
    field_order = ("rate", "occurred_at", "reason", "checked_by", "override_reason", "happened")


class StartForm(CheckedForm):
    """Weight, first rate and first bag."""

    dosing_weight_kg = forms.DecimalField(
        label="Dosing weight (kg)", min_value=Decimal("0.1"), max_digits=5, decimal_places=1,
        widget=forms.NumberInput(attrs=STEP),
    )  # fmt: skip
    rate = forms.DecimalField(
        label="First rate (mg/kg/h)", min_value=0, max_digits=5, decimal_places=4,
        widget=forms.NumberInput(attrs=STEP),
    )  # fmt: skip
    concentration = forms.DecimalField(
        label="Concentration (mg/mL)", min_value=0, max_digits=5, decimal_places=2,
        widget=forms.NumberInput(attrs=STEP),
    )  # fmt: skip
    volume_ml = forms.DecimalField(
        label="Volume of the bag (mL)", min_value=0, max_digits=6, decimal_places=1,
        widget=forms.NumberInput(attrs=STEP),
    )  # fmt: skip
    lot = forms.CharField(label="Lot", max_length=40, required=False)
    field_order = (
        "dosing_weight_kg", "rate", "concentration", "volume_ml", "lot", "occurred_at", "checked_by",
        "override_reason", "happened",
    )  # fmt: skip

    def prepare(self, user: User) -> None:
        super().prepare(user)
        self.initial.setdefault("rate", self.protocol.titration.start.rate.decimal)


class BagForm(OrderForm):
    """A new bag."""

    concentration = forms.DecimalField(
        label="Concentration (mg/mL)", min_value=0, max_digits=5, decimal_places=2,
        widget=forms.NumberInput(attrs=STEP),
    )  # fmt: skip
    volume_ml = forms.DecimalField(
        label="Volume (mL)", min_value=0, max_digits=6, decimal_places=1, widget=forms.NumberInput(attrs=STEP)
    )
    lot = forms.CharField(label="Lot", max_length=40, required=False)
    field_order = ("concentration", "volume_ml", "lot", "occurred_at", "override_reason", "happened")


class StopForm(BedsideForm):
    """The end; nothing in it can hold up a stop."""

    completed = forms.TypedChoiceField(
        label="How did it end?",
        choices=(("no", "Stopped early"), ("yes", "Completed as planned")),
        coerce=lambda answer: answer == "yes",
    )
    reason = forms.CharField(label="Reason", max_length=200, required=False, help_text="May be added later.")


class ClonidineForm(OrderForm):
    """One dose."""

    dose_mg = forms.DecimalField(
        label="Dose (mg)", min_value=0, max_digits=4, decimal_places=2, widget=forms.NumberInput(attrs=STEP)
    )
    is_given = forms.TypedChoiceField(
        label="Given or held",
        choices=(("yes", "Given"), ("no", "Held")),
        coerce=lambda answer: answer == "yes",
    )
    held_reason = forms.CharField(label="Why held", max_length=200, required=False)
    field_order = ("dose_mg", "is_given", "held_reason", "occurred_at", "override_reason", "happened")


class VitalsForm(BedsideForm):
    """Vital signs."""

    measurement = "blood_pressure"
    systolic = forms.IntegerField(label="Systolic (mmHg)", min_value=1, max_value=350)
    diastolic = forms.IntegerField(label="Diastolic (mmHg)", min_value=1, max_value=250)
    heart_rate = forms.IntegerField(label="Heart rate (beats/min)", min_value=0, max_value=350)
    respiratory_rate = forms.IntegerField(label="Breaths per minute", min_value=0, max_value=100, required=False)
    oxygen_saturation = forms.IntegerField(label="SpO2 (%)", min_value=0, max_value=100, required=False)
    visit = forms.ModelChoiceField(queryset=Visit.objects.none(), label="For the visit", required=False)
    comment = forms.CharField(max_length=200, required=False)

    def prepare(self, user: User) -> None:
        self.initial.setdefault("visit", "")
        self.offer_visits("visit")


class SideEffectsForm(BedsideForm):
    """The checklist: one row of grades per item; a row left empty was not asked."""

    measurement = "side_effects"
    visit = forms.ModelChoiceField(queryset=Visit.objects.none(), label="For the visit", required=False)
    other = forms.CharField(label="Other complaints", max_length=300, required=False)

    def prepare(self, user: User) -> None:
        self.offer_visits("visit")
        checklist = self.protocol.side_effects
        grades = [(grade.grade.integer, f"{grade.grade.integer} {grade.label}") for grade in checklist.grades.values()]
        for item in checklist.items.values():
            self.fields[f"item_{item.id}"] = forms.TypedChoiceField(
                label=item.label.text, choices=grades, coerce=int, empty_value=None, required=False,
                widget=forms.RadioSelect(attrs={"class": "form-check-input"}),
            )  # fmt: skip

    @property
    def items(self) -> list[forms.BoundField]:
        """The rows of the checklist, in the protocol's order."""
        return [self[name] for name in self.fields if name.startswith("item_")]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not any(cleaned.get(field.name) is not None for field in self.items):
            raise forms.ValidationError("Grade at least one item; leave a row empty only if it was not asked.")
        return cleaned

    def values(self) -> dict[str, Any]:
        given = super().values()
        graded = {name: given.pop(name) for name in list(given) if name.startswith("item_")}
        scores = {name.removeprefix("item_"): grade for name, grade in graded.items() if grade is not None}
        return {**given, "scores": scores}


class SerumForm(BedsideForm):
    """One sample with its analytes; "<" marks a level below the limit of quantification."""

    measurement = "serum"
    sample = forms.ChoiceField(label="Sampling point")
    visit = forms.ModelChoiceField(queryset=Visit.objects.none(), label="For the visit", required=False)
    comment = forms.CharField(max_length=200, required=False)

    def prepare(self, user: User) -> None:
        serum = self.protocol.serum
        self.offer_visits("visit")
        self.fields["sample"].choices = [(s.id, s.label) for s in serum.samples.values()]  # type: ignore[attr-defined]
        for analyte in serum.analytes.values():
            self.fields[f"level_{analyte.id}"] = forms.CharField(
                label=f"{analyte.label.text} ({analyte.concentration_unit})", required=False, max_length=12,
                help_text="< if below the limit of quantification",
                widget=forms.TextInput(attrs={"inputmode": "decimal"}),
            )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        number = forms.DecimalField(min_value=0, max_digits=9, decimal_places=3)
        for name in [name for name in cleaned if name.startswith("level_")]:
            text = cleaned[name].strip()
            if text and text != "<":
                try:
                    cleaned[name] = number.clean(text)
                except forms.ValidationError as wrong:
                    self.add_error(name, wrong)
        return cleaned

    def values(self) -> dict[str, Any]:
        given = super().values()
        entered = {name: given.pop(name) for name in list(given) if name.startswith("level_")}
        levels = {
            name.removeprefix("level_"): None if level == "<" else level
            for name, level in entered.items()
            if level != ""
        }
        return {**given, "levels": levels}
