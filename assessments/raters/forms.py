"""The forms of assigning raters: shape only, no judgement."""

from __future__ import annotations

from typing import Any, cast

from django import forms

from assessments import queries
from trial.participants.forms.base import KeyedForm
from trial.participants.models import Participant
from trial.records.forms import day
from trial.users.models import User

DESPITE = "Needed only for somebody who has entered doses, rates, levels or side effects of this participant."


class RaterForm(KeyedForm):
    """Who is to rate, from when to when."""

    user = forms.ModelChoiceField(User.objects.none(), label="Rater", empty_label="choose")
    starts_on = day("First day")
    ends_on = day("Last day", required=False)
    despite = forms.CharField(label="Why, in spite of bedside work?", max_length=200, required=False, help_text=DESPITE)

    def __init__(self, *args: Any, participant: Participant, **kwargs: Any) -> None:
        self.participant = participant
        super().__init__(*args, **kwargs)
        self.initial.setdefault("starts_on", participant.site.today)

    def grow(self) -> None:
        """Offer the people who may rate at the site."""
        cast("forms.ModelChoiceField[User]", self.fields["user"]).queryset = queries.raters(self.participant)
        self.fields["ends_on"].help_text = "Leave empty while no end is planned."

    def values(self) -> dict[str, Any]:
        """The cleaned values as the service takes them."""
        return {name: self.cleaned_data[name] for name in ("user", "starts_on", "ends_on", "despite")}


class EndForm(KeyedForm):
    """Why an assignment ends."""

    reason = forms.CharField(label="Why?", max_length=200)
