"""The forms of accounts and roles: shape only, no judgement."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, cast
from uuid import UUID

from django import forms
from django.contrib.auth.validators import UnicodeUsernameValidator

from trial.permissions import Role
from trial.users.models import ROLE_LABELS, Site

HOW_TO_TELL = "Tell it to the person by another way than e-mail. It must be changed at the first sign-in."


class PlainForm(forms.Form):
    """A form in the page's style; what is wrong is marked at its field."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            is_choice = isinstance(field.widget, forms.Select)
            field.widget.attrs["class"] = "form-select" if is_choice else "form-control"

    def full_clean(self) -> None:
        """Check everything, and mark the fields that are wrong."""
        super().full_clean()
        for name in self.errors:
            if name in self.fields:
                self.fields[name].widget.attrs["class"] += " is-invalid"


def day_field(label: str, *, required: bool = True, help_text: str = "") -> forms.DateField:
    """A field for a day."""
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, widget=widget, required=required, help_text=help_text)


def reason_field(label: str = "Why?", help_text: str = "") -> forms.CharField:
    """A field for the reason that is kept."""
    return forms.CharField(label=label, max_length=200, help_text=help_text)


class ReasonForm(PlainForm):
    """Only a reason: what is ended or closed stands on the page."""

    reason = reason_field()


class RoleForm(PlainForm):
    """A role at a site from a day to a day."""

    site = forms.ModelChoiceField(Site.objects.none(), empty_label=None)
    role = forms.ChoiceField(choices=[("", "choose …"), *((role.value, ROLE_LABELS[role]) for role in Role)])
    starts_on = day_field("First day")
    ends_on = day_field("Last day", required=False, help_text="Leave empty while no end is planned.")
    reason = reason_field(help_text='Such as "joined the study team".')

    def __init__(self, *args: Any, sites: Collection[UUID], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = Site.objects.filter(pk__in=sites).order_by("code")
        cast("forms.ModelChoiceField[Site]", self.fields["site"]).queryset = offered
        first = offered.first()
        if first is not None:
            self.initial.setdefault("starts_on", first.today)

    def values(self) -> dict[str, Any]:
        """The cleaned values, the role as a Role."""
        return {**self.cleaned_data, "role": Role(self.cleaned_data["role"])}


class OpenForm(RoleForm):
    """A new account of one person, with its first role."""

    full_name = forms.CharField(label="Full name", max_length=120)
    username = forms.CharField(
        label="User name",
        max_length=64,
        validators=[UnicodeUsernameValidator()],
        help_text="It stands in the audit trail for ever and is never given to another person.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"}),
    )
    email = forms.EmailField(label="E-mail")
    password = forms.CharField(
        label="First password",
        help_text=HOW_TO_TELL,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    field_order = ("full_name", "username", "email", "password", "site", "role", "starts_on", "ends_on", "reason")


class ReopenForm(PlainForm):
    """A new first password and the reason."""

    password = forms.CharField(
        label="New first password",
        help_text=HOW_TO_TELL,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    reason = reason_field()
