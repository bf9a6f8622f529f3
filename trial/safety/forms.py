"""Forms of the safety pages: shape only, no judgement."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.utils import timezone

from trial.participants.forms.base import KeyedForm, not_in_future
from trial.records.forms import RecordForm, moment
from trial.safety.models import AdverseEvent, Deviation
from trial.safety.services import correct_adverse_event, record_adverse_event

SERIOUS = (
    "Death, life-threatening, hospital stay or its prolongation, lasting incapacity, birth defect, or another "
    "important medical event. The planned stay of the trial does not count."
)


SHORTEST_ACTION, FEWEST_WORDS = 10, 2
TOO_SHORT = (
    "Say in a few words who did what, so that the next reader knows: for example "
    '"Spoke with the participant by phone, C-SSRS done, no plan".'
)


class AdverseEventForm(RecordForm[AdverseEvent]):
    """An adverse event; severity and seriousness are asked apart."""

    occurred_label = "Began at"
    aware_at = moment("Trial staff knew at")
    ended_at = moment("Ended at")

    class Meta:
        model = AdverseEvent
        fields = [
            "occurred_at",
            "term",
            "grade",
            "aware_at",
            "is_serious",
            "seriousness",
            "ketamine_causality",
            "clonidine_causality",
            "procedure_causality",
            "ended_at",
            "outcome",
        ]
        help_texts = {
            "is_serious": SERIOUS,
            "grade": "How strong it was. A strong event need not be serious, but of grade 4 say why it is not.",
        }
        labels = {"seriousness": "Why serious, or why an event of grade 4 is not"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["ended_at"].required = False
        self.fields["ended_at"].help_text = "Leave empty while it lasts."

    def clean_occurred_at(self) -> datetime:
        """Refuse a moment in the future."""
        return not_in_future(self.cleaned_data["occurred_at"])

    def save_record(self, actor: Any, participant: Any, visit: Any = None, **more: Any) -> AdverseEvent:
        """Record or correct the event; a serious one raises an alert. Raises RecordError, ValidationError."""
        at = self.cleaned_data["occurred_at"]
        if self.is_correction:
            version, reason = self.cleaned_data["version"] or 0, self.cleaned_data["reason"]
            return correct_adverse_event(
                actor, self.instance, version=version, reason=reason, occurred_at=at, **self.values(), **more
            )
        key = self.cleaned_data["key"]
        return record_adverse_event(
            actor, participant=participant, occurred_at=at, visit=visit, key=key, **self.values(), **more
        )


class AcknowledgeForm(KeyedForm):
    """What was done about an alert that tells of something at *since*, and when."""

    why = ""
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


class CorrectionForm(KeyedForm):
    """What was done about a deviation."""

    why = ""
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    correction = forms.CharField(label="Corrective action", max_length=300, widget=forms.Textarea(attrs={"rows": 3}))


class DeviationForm(KeyedForm):
    """A departure from the protocol that a person reports."""

    occurred_at = moment("Happened at")
    kind = forms.ChoiceField(choices=Deviation.Kind.choices)
    summary = forms.CharField(label="What departed from the protocol?", max_length=300)
    is_important = forms.BooleanField(
        label="Important: may touch rights, safety, wellbeing or the reliability of the data", required=False
    )
