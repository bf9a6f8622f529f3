"""The forms of what is ordered or done: rate, start, bag, stop and clonidine."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone

from infusion import queries
from infusion.forms.base import STEP, BedsideForm, CheckedForm, OrderForm, spell
from infusion.rules import is_lowering
from trial.participants.models.possible import Possible
from trial.users.models import User

# No ketamine is sold stronger than this, and no bag is larger.
CONCENTRATION = Possible("Concentration", 0, 100, "mg/mL")
VOLUME = Possible("Volume", 1, 5000, "mL")


class RateForm(CheckedForm):
    """A new rate; 0 pauses."""

    rate = forms.DecimalField(
        label="Rate (mg/kg/h)", min_value=0, max_digits=5, decimal_places=4,
        help_text="0 pauses the infusion.", widget=forms.NumberInput(attrs=STEP),
    )  # fmt: skip
    reason = forms.CharField(label="Reason", max_length=200)
    field_order = ("rate", "occurred_at", "reason", "checked_by", "override_reason", "happened")

    def recorded(self, record: Any) -> dict[str, Any]:
        return {**super().recorded(record), "reason": record.explanation}

    def binds(self, cleaned: dict[str, Any]) -> bool:
        """Lowering is never refused."""
        infusion, rate = queries.infusion_of(self.participant), cleaned.get("rate")
        if infusion is None or rate is None:
            return False
        return not is_lowering(queries.course_of(infusion), rate, cleaned["occurred_at"])

    def values(self) -> dict[str, Any]:
        given = super().values()
        if self.record is None:
            return given
        return {**given, "explanation": self.cleaned_data["reason"]}


class StartForm(CheckedForm):
    """Weight, first rate and first bag."""

    dosing_weight_kg = forms.DecimalField(
        label="Dosing weight (kg)", max_digits=5, decimal_places=1, validators=[Possible("Weight", 25, 350, "kg")],
        widget=forms.NumberInput(attrs=STEP),
    )  # fmt: skip
    rate = forms.DecimalField(
        label="First rate (mg/kg/h)", min_value=0, max_digits=5, decimal_places=4,
        widget=forms.NumberInput(attrs=STEP),
    )  # fmt: skip
    concentration = forms.DecimalField(
        label="Concentration (mg/mL)", max_digits=5, decimal_places=2, validators=[CONCENTRATION],
        widget=forms.NumberInput(attrs=STEP),
    )  # fmt: skip
    volume_ml = forms.DecimalField(
        label="Volume of the bag (mL)", max_digits=6, decimal_places=1, validators=[VOLUME],
        widget=forms.NumberInput(attrs=STEP),
    )  # fmt: skip
    lot = forms.CharField(label="Lot", max_length=40, required=False)
    # Shown when a start that lies longer back than an infusion lasts has to be confirmed.
    confirmed = forms.BooleanField(label="The date and the time are right", required=False, widget=forms.HiddenInput)
    field_order = (
        "dosing_weight_kg", "rate", "concentration", "volume_ml", "lot", "occurred_at", "confirmed", "checked_by",
        "override_reason", "happened",
    )  # fmt: skip

    def prepare(self, user: User) -> None:
        super().prepare(user)
        self.initial.setdefault("rate", self.protocol.titration.start.rate.decimal)

    @property
    def is_long_ago(self) -> bool:
        """Whether the start lies longer back than the infusion lasts, so that its end is to be recorded next."""
        at = self.cleaned_data.get("occurred_at")
        return at is not None and timezone.now() - at > self.protocol.titration.duration.elapsed

    def clean(self) -> dict[str, Any]:
        """Ask whether a start is meant that lies longer back than the infusion lasts."""
        cleaned = super().clean()
        if self.is_long_ago and not cleaned.get("confirmed"):
            self.fields["confirmed"].widget = forms.CheckboxInput()
            duration = self.protocol.titration.duration
            self.add_error(
                "confirmed",
                f"This start lies {spell(timezone.now() - cleaned['occurred_at'])} back, and an infusion lasts "
                f"{duration.text} {duration.unit}. Check the date; if it is right, tick this and record the end next.",
            )
        return cleaned

    def values(self) -> dict[str, Any]:
        return {name: value for name, value in super().values().items() if name != "confirmed"}


class BagForm(OrderForm):
    """A new bag."""

    concentration = forms.DecimalField(
        label="Concentration (mg/mL)", max_digits=5, decimal_places=2, validators=[CONCENTRATION],
        widget=forms.NumberInput(attrs=STEP),
    )  # fmt: skip
    volume_ml = forms.DecimalField(
        label="Volume (mL)", max_digits=6, decimal_places=1, validators=[VOLUME], widget=forms.NumberInput(attrs=STEP)
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
    reason = forms.CharField(
        label="Reason", max_length=200, required=False, help_text="May be added later: Correct, beside the end.",
    )  # fmt: skip

    def prepare(self, user: User) -> None:
        """Leave the time open where now cannot be the end: the infusion would have lasted too long."""
        infusion, longest = queries.infusion_of(self.participant), self.protocol.limits["duration"].hard_above
        if infusion is None or longest.limit is None:
            return
        if timezone.now() - infusion.occurred_at > longest.elapsed:
            self.initial["occurred_at"] = None


class ClonidineForm(OrderForm):
    """One dose."""

    dose_mg = forms.DecimalField(
        label="Dose (mg)", max_digits=4, decimal_places=2, validators=[Possible("A dose of clonidine", 0, 10, "mg")],
        widget=forms.NumberInput(attrs=STEP),
    )  # fmt: skip
    is_given = forms.TypedChoiceField(
        label="Given or held",
        choices=(("yes", "Given"), ("no", "Held")),
        coerce=lambda answer: answer == "yes",
    )
    held_reason = forms.CharField(label="Why held", max_length=200, required=False)
    field_order = ("dose_mg", "is_given", "held_reason", "occurred_at", "override_reason", "happened")

    def recorded(self, record: Any) -> dict[str, Any]:
        return {**super().recorded(record), "is_given": "yes" if record.is_given else "no"}

    def binds(self, cleaned: dict[str, Any]) -> bool:
        """Holding a dose is never refused."""
        return bool(cleaned.get("is_given") and cleaned.get("dose_mg"))
