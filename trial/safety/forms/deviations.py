"""A deviation reported by hand, and what was done about one."""

from __future__ import annotations

from django import forms

from trial.participants.forms.base import KeyedForm
from trial.records.forms import moment
from trial.safety.models import Deviation


class CorrectionForm(KeyedForm):
    """What was done about a deviation."""

    correction = forms.CharField(label="Corrective action", max_length=300, widget=forms.Textarea(attrs={"rows": 3}))


class DeviationForm(KeyedForm):
    """A departure from the protocol that a person reports."""

    occurred_at = moment("Happened at")
    kind = forms.ChoiceField(choices=Deviation.Kind.choices)
    summary = forms.CharField(label="What departed from the protocol?", max_length=300)
    is_important = forms.BooleanField(
        label="Important: may touch rights, safety, wellbeing or the reliability of the data", required=False
    )
