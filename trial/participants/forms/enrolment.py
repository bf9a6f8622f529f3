"""Enrolment, consent, the planned day and statuses."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from django import forms
from django.utils import timezone
from django.utils.text import capfirst

from trial.participants.forms.base import KeyedForm
from trial.participants.models import Cohort, Participant, Status
from trial.participants.rules import STATUS_VALUES
from trial.records.forms import day, moment
from trial.users.models import Site

NOT_YET = "This day has not come yet; enter the day on which it happened."


def past_day(on: date) -> date:
    """Refuse a day in the future."""
    if on > timezone.localdate():
        raise forms.ValidationError(NOT_YET)
    return on


class EnrolForm(KeyedForm):
    """A person to register; names and other identifiers have no field here."""

    site = forms.ModelChoiceField(queryset=Site.objects.none(), empty_label="choose …")
    cohort = forms.ChoiceField(choices=[("", "choose …"), *Cohort.choices])
    referral = forms.ChoiceField(label="Referral source", choices=[("", "choose …"), *Participant.Referral.choices])
    enrolled_on = day("First contact")

    def __init__(self, *args: Any, sites: frozenset[UUID], **kwargs: Any) -> None:
        self.sites = sites
        super().__init__(*args, **kwargs)

    def grow(self) -> None:
        """Offer the sites where the account may enrol, and a day that has begun at each of them."""
        field = self.fields["site"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - tells the type checker, holds by the class
        field.queryset = Site.objects.filter(pk__in=self.sites).order_by("code")
        if len(self.sites) == 1:
            field.empty_label = None
        self.initial.setdefault("enrolled_on", min((site.today for site in field.queryset), default=None))

    def clean(self) -> dict[str, Any]:
        """Refuse a day that has not come at the site."""
        cleaned = super().clean() or self.cleaned_data
        site, on = cleaned.get("site"), cleaned.get("enrolled_on")
        if site is not None and on is not None and on > site.today:
            self.add_error("enrolled_on", NOT_YET)
        return cleaned


class ContactForm(KeyedForm):
    """Another day of the first contact, and why."""

    enrolled_on = day("First contact")
    version = forms.IntegerField(widget=forms.HiddenInput)
    reason = forms.CharField(label="Why is this corrected?", max_length=200)

    def clean_enrolled_on(self) -> date:
        """Refuse a day in the future."""
        return past_day(self.cleaned_data["enrolled_on"])


class ConsentForm(KeyedForm):
    """A consent form as it was signed."""

    occurred_at = moment("Signed at")
    form_version = forms.CharField(
        label="Version of the consent form", max_length=40, help_text="As printed on the form."
    )
    # Nothing is ticked beforehand: each tick is the participant's own answer on the signed form.
    copy_given = forms.BooleanField(label="The participant has a copy", required=False)
    may_contact = forms.BooleanField(label="May be contacted for the follow-up", required=False)
    may_use_data = forms.BooleanField(label="Data may be used", required=False)


class PlanForm(KeyedForm):
    """The planned day of the infusion; taking a plan back is said, never done by an empty day."""

    planned_infusion_on = day("Planned day of the infusion", required=False)
    take_back = forms.BooleanField(label="Take the plan back: no day is planned", required=False)
    version = forms.IntegerField(widget=forms.HiddenInput)

    def grow(self) -> None:
        """Offer to take back only a plan that there is."""
        if self.initial.get("planned_infusion_on") is None:
            del self.fields["take_back"]

    def clean(self) -> dict[str, Any]:
        """Ask for the day, unless the plan is taken back."""
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("take_back"):
            cleaned["planned_infusion_on"] = None
        elif "planned_infusion_on" in cleaned and cleaned["planned_infusion_on"] is None:
            instead = ", or tick that the plan is taken back" if "take_back" in self.fields else ""
            self.add_error("planned_infusion_on", f"Enter the day{instead}.")
        return cleaned


class MoveForm(KeyedForm):
    """From when a participant is under a later protocol version, and why."""

    occurred_at = moment("Holds from")
    reason = forms.CharField(
        label="Why is the participant moved?",
        max_length=200,
        help_text="For example: amendment approved by the ethics committee, renewed consent signed.",
    )
    version = forms.IntegerField(widget=forms.HiddenInput)


class StatusForm(KeyedForm):
    """A dated status on one axis. Choices carry the axis and the value: enrolment:withdrew; each says both."""

    why = ""
    seen_statuses = forms.CharField(required=False, widget=forms.HiddenInput)
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
        axes = [(Status.Axis(axis), values) for axis, values in STATUS_VALUES.items() if axis != Status.Axis.INFUSION]
        groups = [
            (
                capfirst(axis.label),
                [(f"{axis}:{value}", f"{axis.label}: {Status.Value(value).label}") for value in values],
            )
            for axis, values in axes
        ]
        field.choices = [("", "choose …"), *groups]

    def parts(self) -> tuple[str, str]:
        """The chosen axis and value; empty where nothing is chosen."""
        axis, _, value = str(self["status"].data or "").partition(":")
        return axis, value

    def seen(self, axis: str) -> str:
        """The id of the status on an axis that the page showed; empty for none."""
        shown = dict(pair.partition(":")[::2] for pair in str(self["seen_statuses"].data or "").split(","))
        return shown.get(axis, "")
