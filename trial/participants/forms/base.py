"""What every form here shares: the one-use key and the style."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from trial.records.forms import mark_up
from trial.records.models import wrong_year
from trial.records.saving import SavedForm, attempt

__all__ = ["KeyedForm", "attempt", "not_in_future"]


def not_in_future(at: datetime) -> datetime:
    """Refuse a moment that has not come yet, and a year that cannot be: only what has happened is recorded."""
    if words := wrong_year(at):
        raise ValidationError(words)
    if at > timezone.now():
        raise ValidationError("This time has not come yet; enter when it really happened.")
    return at


class KeyedForm(SavedForm, forms.Form):
    """A form sent once: its key makes a second tap harmless."""

    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.grow()
        self.initial.setdefault("key", uuid.uuid4())
        if "occurred_at" in self.fields:
            self.initial.setdefault("occurred_at", timezone.localtime().replace(second=0, microsecond=0))
        for field in self.visible_fields():
            mark_up(field)

    def grow(self) -> None:
        """Add or fill the fields that depend on data, before anything looks at the form's errors."""

    def clean_occurred_at(self) -> datetime:
        """Refuse a moment in the future."""
        at: datetime = self.cleaned_data["occurred_at"]
        return not_in_future(at)
