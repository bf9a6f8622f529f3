"""A shift of the roster, why one is taken out, and the site's emergency number."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from trial.participants.forms.base import KeyedForm
from trial.records.forms import moment
from trial.records.models import wrong_year
from trial.safety.models.roster import PHONE, OnCallShift
from trial.safety.on_call import may_answer
from trial.users.models import Site, User

WORK_NUMBER = "A telephone of the staff, reachable at any hour of the shift."


class ShiftForm(KeyedForm):
    """Who is on call at a site from when to when; a change also says why."""

    starts_at = moment("From")
    ends_at = moment("To")
    person = forms.ModelChoiceField(label="On call", queryset=User.objects.none(), empty_label="choose …")
    phone = forms.CharField(label="Telephone", max_length=30, validators=[PHONE], help_text=WORK_NUMBER)
    backup = forms.ModelChoiceField(label="Back-up", queryset=User.objects.none(), required=False, empty_label="nobody")
    backup_phone = forms.CharField(label="Telephone of the back-up", max_length=30, required=False, validators=[PHONE])
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    reason = forms.CharField(label="Why is it changed?", max_length=200)

    def __init__(self, *args: Any, site: Site, shift: OnCallShift | None = None, **kwargs: Any) -> None:
        self.site, self.shift = site, shift
        super().__init__(*args, **kwargs)

    def grow(self) -> None:
        """Offer those who may acknowledge an alert at the site, and name those of the shift; a new one needs no reason.

        The service refuses whoever stands in the shift and may answer no more, in words.
        """
        people = [person.pk for person in may_answer(self.site, timezone.now())]
        named = [] if self.shift is None else [self.shift.person_id, self.shift.backup_id]
        for name in ("person", "backup"):
            field: Any = self.fields[name]
            field.queryset = User.objects.filter(pk__in=[*people, *named]).order_by("full_name")
        if self.shift is None:
            del self.fields["reason"], self.fields["version"]

    def clean_starts_at(self) -> datetime:
        """Refuse a year that cannot be."""
        return _possible(self.cleaned_data["starts_at"])

    def clean_ends_at(self) -> datetime:
        """Refuse a year that cannot be."""
        return _possible(self.cleaned_data["ends_at"])

    def people(self) -> dict[str, Any]:
        """The values of the shift itself."""
        names = ("starts_at", "ends_at", "person", "phone", "backup", "backup_phone")
        return {name: self.cleaned_data[name] for name in names}


class CancelForm(KeyedForm):
    """Why a shift is taken out of the roster."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    reason = forms.CharField(label="Why is it taken out?", max_length=200)


class ContactForm(KeyedForm):
    """Whom to phone when the roster names nobody."""

    answers = forms.CharField(
        label="Who answers", max_length=120, help_text="For example: psychiatric ward, night desk."
    )
    phone = forms.CharField(label="Emergency number", max_length=30, validators=[PHONE])
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)


def _possible(at: datetime) -> datetime:
    if words := wrong_year(at):
        raise ValidationError(words)
    return at
