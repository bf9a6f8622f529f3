"""Enrolment, consent, the planned day and statuses."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from django import forms
from django.utils import timezone

from trial.participants.forms.base import KeyedForm
from trial.participants.models import Cohort, Participant, Status
from trial.participants.rules import STATUS_VALUES
from trial.records.forms import day, moment
from trial.users.models import Site


class EnrolForm(KeyedForm):
    """A new participant; names and other identifiers have no field here."""

    site = forms.ModelChoiceField(queryset=Site.objects.none(), empty_label=None)
    cohort = forms.ChoiceField(choices=Cohort.choices)
    referral = forms.ChoiceField(label="Referral source", choices=Participant.Referral.choices)
    enrolled_on = day("First contact")

    def __init__(self, *args: Any, sites: frozenset[UUID], **kwargs: Any) -> None:
        self.sites = sites
        super().__init__(*args, **kwargs)

    def grow(self) -> None:
        """Offer the sites where the account may enrol."""
        field = self.fields["site"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - tells the type checker, holds by the class
        field.queryset = Site.objects.filter(pk__in=self.sites).order_by("code")
        self.initial.setdefault("enrolled_on", timezone.localdate())

    def clean_enrolled_on(self) -> date:
        """Refuse a day in the future."""
        on: date = self.cleaned_data["enrolled_on"]
        if on > timezone.localdate():
            raise forms.ValidationError("This day has not come yet; enter the day of the first contact.")
        return on


class ConsentForm(KeyedForm):
    """A consent form as it was signed."""

    occurred_at = moment("Signed at")
    form_version = forms.CharField(
        label="Version of the consent form", max_length=40, help_text="As printed on the form."
    )
    copy_given = forms.BooleanField(label="The participant has a copy", required=False, initial=True)
    may_contact = forms.BooleanField(label="May be contacted for the follow-up", required=False, initial=True)
    may_use_data = forms.BooleanField(label="Data may be used", required=False, initial=True)


class PlanForm(KeyedForm):
    """The planned day of the infusion; empty takes the plan back."""

    planned_infusion_on = day("Planned day of the infusion", required=False)
    version = forms.IntegerField(widget=forms.HiddenInput)


class StatusForm(KeyedForm):
    """A dated status on one axis. Choices carry the axis and the value: enrolment:withdrew."""

    status = forms.ChoiceField(label="New status")
    occurred_at = moment("Since")
    reason = forms.CharField(
        max_length=200,
        required=False,
        help_text="Needed for withdrawal, loss, an early stop and a screen failure.",
    )

    def grow(self) -> None:
        """Offer the values of every axis but the infusion's, which its own page sets."""
        field = self.fields["status"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - tells the type checker, holds by the class
        field.choices = [
            (Status.Axis(axis).label, [(f"{axis}:{value}", Status.Value(value).label) for value in values])
            for axis, values in STATUS_VALUES.items()
            if axis != Status.Axis.INFUSION
        ]

    def parts(self) -> tuple[str, str]:
        """The chosen axis and value."""
        axis, _, value = self.cleaned_data["status"].partition(":")
        return axis, value
