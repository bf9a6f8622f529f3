"""The forms of what is observed: vital signs, side effects and serum levels."""

from __future__ import annotations

from typing import Any

from django import forms

from infusion.forms.base import BedsideForm
from infusion.models import POSSIBLE_READINGS
from infusion.templatetags.doses import plain
from trial.participants.models import Visit
from trial.users.models import User


class VitalsForm(BedsideForm):
    """Vital signs."""

    measurement = "blood_pressure"
    systolic = forms.IntegerField(label="Systolic (mmHg)", validators=[POSSIBLE_READINGS["systolic"]])
    diastolic = forms.IntegerField(label="Diastolic (mmHg)", validators=[POSSIBLE_READINGS["diastolic"]])
    heart_rate = forms.IntegerField(label="Heart rate (beats/min)", validators=[POSSIBLE_READINGS["heart_rate"]])
    respiratory_rate = forms.IntegerField(
        label="Breaths per minute", validators=[POSSIBLE_READINGS["respiratory_rate"]], required=False
    )
    oxygen_saturation = forms.IntegerField(
        label="SpO2 (%)", validators=[POSSIBLE_READINGS["oxygen_saturation"]], required=False
    )
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

    def recorded(self, record: Any) -> dict[str, Any]:
        graded = {f"item_{item}": grade for item, grade in record.scores.items()}
        return {**super().recorded(record), **graded}

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

    def recorded(self, record: Any) -> dict[str, Any]:
        shown = {
            f"level_{level.analyte}": "<" if level.below_limit else plain(level.concentration)
            for level in record.levels.all()
        }
        return {**super().recorded(record), **shown}

    def values(self) -> dict[str, Any]:
        given = super().values()
        entered = {name: given.pop(name) for name in list(given) if name.startswith("level_")}
        levels = {
            name.removeprefix("level_"): None if level == "<" else level
            for name, level in entered.items()
            if level != ""
        }
        return {**given, "levels": levels}
