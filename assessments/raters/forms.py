"""The forms of assigning raters: shape only, no judgement."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from django import forms

from assessments import queries
from assessments.raters.queries import informed
from trial.participants.forms.base import KeyedForm
from trial.participants.models import Participant
from trial.records.forms import day
from trial.users.models import User

DESPITE = "Needed only for somebody who has entered or signed doses, rates, levels or side effects of this participant."


class RaterChoice(forms.ModelChoiceField):  # type: ignore[type-arg]
    """People to choose from; who knows the treatment is marked before anything is saved."""

    informed: dict[UUID, str]

    def label_from_instance(self, obj: Any) -> str:
        """The person's name, and how the treatment is known to them."""
        knows = self.informed.get(obj.pk, "")
        return f"{obj.full_name}: {knows}" if knows else obj.full_name


class RaterForm(KeyedForm):
    """Who is to rate, from when to when."""

    user = RaterChoice(User.objects.none(), label="Rater", empty_label="choose …")
    starts_on = day("First day")
    ends_on = day("Last day", required=False)
    despite = forms.CharField(label="Why, in spite of bedside work?", max_length=200, required=False, help_text=DESPITE)

    def __init__(self, *args: Any, participant: Participant, **kwargs: Any) -> None:
        self.participant = participant
        super().__init__(*args, **kwargs)
        self.initial.setdefault("starts_on", participant.site.today)

    def grow(self) -> None:
        """Offer the people who may rate at the site."""
        choice = cast("RaterChoice", self.fields["user"])
        choice.informed = informed(self.participant)
        choice.queryset = queries.raters(self.participant)
        self.fields["ends_on"].help_text = "Leave empty while no end is planned."

    def values(self) -> dict[str, Any]:
        """The cleaned values as the service takes them."""
        return {name: self.cleaned_data[name] for name in ("user", "starts_on", "ends_on", "despite")}


class EndForm(KeyedForm):
    """Why an assignment ends."""

    reason = forms.CharField(label="Why?", max_length=200)
