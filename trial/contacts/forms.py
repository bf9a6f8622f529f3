"""Forms of contact details: shape only. None of them is ever drafted or held: what is typed goes nowhere but here."""

from __future__ import annotations

from typing import Any

from django import forms

from trial.contacts.details import Details
from trial.participants.forms.base import KeyedForm

LONGEST = 300
PHONE_SIGNS = frozenset("0123456789+-()/. ")


class PhoneField(forms.CharField):
    """A telephone number as it is dialled; an extension is written with x."""

    widget = forms.TextInput(attrs={"type": "tel", "autocomplete": "off"})

    def clean(self, value: Any) -> str:
        """Refuse what cannot be dialled."""
        text: str = super().clean(value)
        number, _, extension = text.partition("x")
        if not set(number) <= PHONE_SIGNS or (extension.strip() and not extension.strip().isdecimal()):
            raise forms.ValidationError("Write the number in digits, for example +1 314 555 0100 x12.")
        return text


def line(label: str, **more: Any) -> forms.CharField:
    """A line of text that browsers do not keep."""
    attrs = {"autocomplete": "off"}
    return forms.CharField(label=label, max_length=LONGEST, required=False, widget=forms.TextInput(attrs), **more)


def dialled(label: str) -> PhoneField:
    """A telephone number that may be empty."""
    return PhoneField(label=label, max_length=40, required=False)


class DetailsForm(KeyedForm):
    """How to reach a participant, and whom else to call."""

    full_name = line("Full name")
    phone = dialled("Telephone")
    other_phone = dialled("Other telephone")
    address = line("Address")
    call_preferences = line("When and how to call", help_text="For example: after 17:00, never at work.")
    emergency_name = line("Emergency contact")
    emergency_phone = dialled("Emergency contact's telephone")
    clinician_name = line("Treating clinician")
    clinician_phone = dialled("Treating clinician's telephone")
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    # What the form was opened at, encrypted: neither the trail nor anything else holds what the details were.
    opened = forms.CharField(widget=forms.HiddenInput, required=False)
    reason = forms.CharField(
        label="Why is this changed?",
        max_length=200,
        required=False,
        help_text="Kept in the audit trail: write no name and no number here.",
    )

    def __init__(self, *args: Any, is_correction: bool, **kwargs: Any) -> None:
        self.is_correction = is_correction
        super().__init__(*args, **kwargs)

    def grow(self) -> None:
        """Ask for a reason only where something is changed."""
        self.fields["reason"].required = self.is_correction
        if not self.is_correction:
            del self.fields["reason"]

    def details(self) -> Details:
        """The details as typed."""
        names = Details.__dataclass_fields__
        return Details(**{name: self.cleaned_data[name].strip() for name in names})


class BreakGlassForm(KeyedForm):
    """Why somebody whose role does not call needs the details now."""

    need = forms.CharField(
        label="Why do you need the contact details now?", max_length=LONGEST, widget=forms.Textarea(attrs={"rows": 3})
    )


class ReviewForm(KeyedForm):
    """What the review of an access found."""

    review = forms.CharField(
        label="What did the review find?", max_length=LONGEST, widget=forms.Textarea(attrs={"rows": 3})
    )


class EraseForm(KeyedForm):
    """The erasure of contact details, said twice: by the study id and by a reason."""

    study_id = forms.CharField(label="Type the study id to confirm", widget=forms.TextInput({"autocomplete": "off"}))
    reason = forms.CharField(label="Why are the contact details erased?", max_length=200)
    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, confirmed_by: str, **kwargs: Any) -> None:
        self.confirmed_by = confirmed_by
        super().__init__(*args, **kwargs)

    def clean_study_id(self) -> str:
        """Refuse another study id than the participant's."""
        typed: str = self.cleaned_data["study_id"].strip()
        if typed != self.confirmed_by:
            raise forms.ValidationError(f"This is not {self.confirmed_by}; nothing is erased.")
        return typed


class SearchForm(forms.Form):
    """A name or a number, sent in the body of a request so that no address and no log holds it."""

    asked = forms.CharField(
        label="Name or telephone number",
        max_length=LONGEST,
        widget=forms.TextInput({"autocomplete": "off", "type": "search", "class": "form-control"}),
    )
