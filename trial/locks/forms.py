"""Forms of locking and unlocking: shape only."""

from __future__ import annotations

from django import forms

from trial.records.forms import mark_up
from trial.signatures.forms import SignFields
from trial.signatures.rules import APPROVED, ENTERED


class LockForm(forms.Form):
    """Why something is locked."""

    reason = forms.CharField(label="Why is it locked now?", max_length=300)

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        mark_up(self["reason"])


class UnlockForm(SignFields):
    """Why something has to be unlocked, signed."""

    meaning_signed = ENTERED
    reason = forms.CharField(label="Why does it have to be unlocked?", max_length=300)


class AllowForm(SignFields):
    """A second person's signature."""

    meaning_signed = APPROVED


class RefuseForm(forms.Form):
    """Why something stays locked."""

    words = forms.CharField(label="Why does it stay locked?", max_length=300)

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        mark_up(self["words"])
