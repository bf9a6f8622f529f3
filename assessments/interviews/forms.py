"""The form of setting answers aside: shape only, no judgement."""

from __future__ import annotations

from django import forms

from trial.participants.forms.base import KeyedForm


class SetAsideForm(KeyedForm):
    """Why the answers are taken out; ``version`` is the interview's that the page showed."""

    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    reason = forms.CharField(
        label="Why are they set aside?", max_length=150, widget=forms.TextInput(attrs={"autofocus": True})
    )
