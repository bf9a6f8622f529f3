"""The forms of the second factor."""

from __future__ import annotations

from typing import Any

from django import forms


class CodeForm(forms.Form):
    """A code of the app, or where it is allowed a recovery code."""

    code = forms.CharField(label="Code", max_length=20)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        attributes = {"class": "form-control", "autocomplete": "one-time-code", "autocapitalize": "characters"}
        self.fields["code"].widget.attrs |= attributes


class ResetForm(forms.Form):
    """Why somebody's second factor is taken away."""

    reason = forms.CharField(label="Reason", widget=forms.Textarea(attrs={"rows": 3}), max_length=500)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].widget.attrs["class"] = "form-control"
        self.fields["reason"].help_text = "How you made sure who asked: seen, or called back at a known number."
