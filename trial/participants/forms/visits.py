"""A visit held or missed."""

from __future__ import annotations

from django import forms

from trial.participants.forms.base import KeyedForm
from trial.participants.models import Visit
from trial.records.forms import moment


class HeldForm(KeyedForm):
    """When the visit was held; ``version`` is the visit's that the page showed."""

    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    occurred_at = moment("Held at")


class HeldCorrectionForm(HeldForm):
    """Another time for a visit that was held, and why."""

    reason = forms.CharField(label="Why is this corrected?", max_length=200)


class MissedForm(KeyedForm):
    """Why the visit was missed: a cause, and words where the cause says too little.

    ``version`` is the visit's that the page showed.
    """

    why = ""
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    cause = forms.ChoiceField(
        label="Why was it missed?",
        choices=[("", "choose …"), *Visit.MissedFor.choices],
        help_text="A hospital stay also opens a serious adverse event, unless one covers that day.",
    )
    reason = forms.CharField(label="In words", max_length=150, required=False)

    def clean_reason(self) -> str:
        """Ask for words where the cause is another one."""
        said: str = self.cleaned_data["reason"].strip()
        if not said and self.cleaned_data.get("cause") == Visit.MissedFor.OTHER:
            raise forms.ValidationError("Say in a few words what the reason was.")
        return said
