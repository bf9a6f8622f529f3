"""A visit held or missed."""

from __future__ import annotations

from django import forms

from trial.participants.forms.base import KeyedForm
from trial.records.forms import moment


class HeldForm(KeyedForm):
    """When the visit was held; ``version`` is the visit's that the page showed."""

    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    occurred_at = moment("Held at")


class HeldCorrectionForm(HeldForm):
    """Another time for a visit that was held, and why."""

    reason = forms.CharField(label="Why is this corrected?", max_length=200)


class MissedForm(KeyedForm):
    """Why the visit was missed; ``version`` is the visit's that the page showed."""

    why = ""
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    reason = forms.CharField(label="Why was it missed?", max_length=200)
