"""The form of a new access token."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.utils import timezone

from trial.permissions import may
from trial.records.forms import mark_up
from trial.tokens.services import LONGEST
from trial.users.models import User

LIFETIMES = ((30, "30 days"), (90, "90 days"), (365, "a year"))


SUBJECTS = {
    "assessments": "rating scales",
    "infusion": "the infusion and the bedside",
    "participants": "participants and visits",
    "reports": "reports",
    "safety": "alerts, adverse events and deviations",
    "signatures": "signatures on participants, visits and records",
}


def in_words(action: str) -> str:
    """What a scope allows, in words, with its code, which a programme names."""
    subject, _, verb = action.partition(".")
    return f"{verb.capitalize()} {SUBJECTS[subject]} ({action})" if subject in SUBJECTS else action


class TokenForm(forms.Form):
    """What a token is for, what it may do, and how long."""

    name = forms.CharField(label="What is it for?", max_length=80)
    days = forms.TypedChoiceField(label="Valid for", choices=LIFETIMES, coerce=int)
    scopes = forms.MultipleChoiceField(
        label="What may it do?", widget=forms.CheckboxSelectMultiple(attrs={"class": "form-check-input"})
    )

    def __init__(self, *args: Any, user: User, actions: frozenset[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        scopes = self.fields["scopes"]
        assert isinstance(scopes, forms.MultipleChoiceField)  # noqa: S101 - tells the type checker, holds by the class
        scopes.choices = [(action, in_words(action)) for action in sorted(actions) if may(user, action)]
        for name in ("name", "days"):
            mark_up(self[name])

    def values(self) -> dict[str, Any]:
        """What the service asks for."""
        lifetime = min(timedelta(days=self.cleaned_data["days"]), LONGEST)
        return {
            "name": self.cleaned_data["name"],
            "scopes": self.cleaned_data["scopes"],
            "expires_at": timezone.now() + lifetime,
        }
