"""The forms of the emergency sign-in and of its review."""

from __future__ import annotations

from typing import Any

from django import forms


class EmergencyForm(forms.Form):
    """User name, password, a code of the sealed envelope and the reason."""

    username = forms.CharField(label="User name", max_length=64)
    password = forms.CharField(label="Password", strip=False, widget=forms.PasswordInput)
    code = forms.CharField(label="Code from the sealed envelope", max_length=40)
    reason = forms.CharField(label="Reason", widget=forms.Textarea(attrs={"rows": 3}), max_length=500)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].widget.attrs |= {
            "autocomplete": "username",
            "autocapitalize": "none",
            "autofocus": True,
        }
        self.fields["password"].widget.attrs["autocomplete"] = "current-password"
        self.fields["code"].widget.attrs |= {"autocomplete": "off", "autocapitalize": "characters"}
        self.fields["code"].help_text = "Like ABCD-EFGH-JKLM-NPQR. Each works once; cross it out."
        self.fields["reason"].help_text = "What cannot wait. PI, data manager and administrator read it."
        for field in self.fields.values():
            field.widget.attrs["class"] = "form-control"


class ReviewForm(forms.Form):
    """What the reviewer found."""

    comment = forms.CharField(label="What you found", widget=forms.Textarea(attrs={"rows": 3}), max_length=1000)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["comment"].widget.attrs["class"] = "form-control"
