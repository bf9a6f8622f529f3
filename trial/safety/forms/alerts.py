"""What was done about an alert."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.utils import timezone

from trial.participants.forms.base import KeyedForm
from trial.records.forms import moment
from trial.signatures.forms import SignFields
from trial.signatures.rules import REVIEWED

SHORTEST_ACTION, FEWEST_WORDS = 10, 2
TOO_SHORT = (
    "Say in a few words who did what, so that the next reader knows: for example "
    '"Spoke with the participant by phone, C-SSRS done, no plan".'
)


class AcknowledgeForm(SignFields, KeyedForm):
    """What was done about an alert that tells of something at *since*, and when; sending it is a signature."""

    why = ""
    meaning_signed = REVIEWED
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    occurred_at = moment("When was it done?")
    action_taken = forms.CharField(label="What was done?", max_length=300, widget=forms.Textarea(attrs={"rows": 3}))

    def __init__(self, *args: Any, since: datetime, **kwargs: Any) -> None:
        self.since = since
        super().__init__(*args, **kwargs)

    def clean_occurred_at(self) -> datetime:
        """Refuse an action before what it answers, and one still to come."""
        at = super().clean_occurred_at()
        if at < self.since.replace(second=0, microsecond=0):
            since = timezone.localtime(self.since)
            raise forms.ValidationError(f"This is before what the alert tells of ({since:%Y-%m-%d %H:%M}); check it.")
        return at

    def clean_action_taken(self) -> str:
        """Ask for words that the next reader can use."""
        said: str = self.cleaned_data["action_taken"].strip()
        if len(said) < SHORTEST_ACTION or len(said.split()) < FEWEST_WORDS:
            raise forms.ValidationError(TOO_SHORT)
        return said
