"""A deviation reported by hand, and what was done about one."""

from __future__ import annotations

from typing import Any

from django import forms

from trial.participants.forms.base import KeyedForm
from trial.records.forms import moment
from trial.safety.models import Deviation


class CorrectionForm(KeyedForm):
    """Why a deviation happened and what was done about it; of an important one all is asked."""

    why = ""
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    root_cause = forms.CharField(label="Why did it happen?", max_length=300, widget=forms.Textarea(attrs={"rows": 2}))
    correction = forms.CharField(label="Corrective action", max_length=300, widget=forms.Textarea(attrs={"rows": 2}))
    prevention = forms.CharField(
        label="What keeps it from happening again?", max_length=300, widget=forms.Textarea(attrs={"rows": 2})
    )
    with_repeats = forms.BooleanField(required=False)

    def __init__(self, *args: Any, is_important: bool, repeats: int = 0, **kwargs: Any) -> None:
        self.is_important, self.repeats = is_important, repeats
        super().__init__(*args, **kwargs)

    def grow(self) -> None:
        """Demand cause and prevention of an important one; offer to close what repeats it."""
        for name in ("root_cause", "prevention"):
            self.fields[name].required = self.is_important
        if self.repeats:
            self.fields["with_repeats"].label = f"Close the {self.repeats} that repeat it with the same words"
        else:
            del self.fields["with_repeats"]


class DeviationForm(KeyedForm):
    """A departure from the protocol that a person reports."""

    occurred_at = moment("Happened at")
    kind = forms.ChoiceField(choices=Deviation.Kind.choices)
    summary = forms.CharField(label="What departed from the protocol?", max_length=300)
    is_important = forms.BooleanField(
        label="Important: may touch rights, safety, wellbeing or the reliability of the data", required=False
    )
