"""A visit held or missed."""

from __future__ import annotations

from django import forms

from trial.participants.forms.base import KeyedForm, moment


class HeldForm(KeyedForm):
    """When the visit was held."""

    occurred_at = moment("Held at")


class MissedForm(KeyedForm):
    """Why the visit was missed."""

    reason = forms.CharField(label="Why was it missed?", max_length=200)
