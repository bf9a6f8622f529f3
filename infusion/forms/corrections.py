"""The forms that correct the start and the end of the infusion."""

from __future__ import annotations

from typing import Any

from django import forms

from infusion.forms.base import BedsideForm
from infusion.forms.orders import StartForm

NOT_ENDED = "not ended"


class StartCorrectionForm(BedsideForm):
    """When the infusion began, and the dosing weight; its first rate and bag follow."""

    dosing_weight_kg = StartForm.base_fields["dosing_weight_kg"]
    field_order = ("occurred_at", "dosing_weight_kg", "correction")


class EndCorrectionForm(BedsideForm):
    """When, how and why the infusion ended, or that it did not."""

    completed = forms.ChoiceField(
        label="How did it end?",
        choices=(
            ("no", "Stopped early"),
            ("yes", "Completed as planned"),
            (NOT_ENDED, "It did not end: the stop was recorded by mistake"),
        ),
    )
    end_reason = forms.CharField(label="Reason of the end", max_length=200, required=False)
    field_order = ("occurred_at", "completed", "end_reason", "correction")

    def recorded(self, record: Any) -> dict[str, Any]:
        ended = {"occurred_at": record.ended_at, "completed": "yes" if record.is_completed else "no"}
        return {**super().recorded(record), **ended}

    def clean(self) -> dict[str, Any]:
        """An early stop has a reason."""
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("completed") == "no" and not cleaned.get("end_reason"):
            self.add_error("end_reason", "Say why it was stopped early.")
        return cleaned

    @property
    def is_taken_back(self) -> bool:
        """Whether the infusion is said to go on."""
        return bool(self.cleaned_data["completed"] == NOT_ENDED)
