"""The psychiatrist's findings and the decision; the fields grow from the protocol's criteria."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django import forms
from django.forms.boundfield import BoundField

from trial.participants.forms.base import KeyedForm
from trial.participants.models import CriterionJudgement
from trial.protocol import Criterion
from trial.records.forms import moment

WORDS = {
    "inclusion": (
        ("", "not judged"),
        ("pass", "yes, met"),
        ("fail", "no, not met"),
        ("unknown", "not known yet"),
    ),
    "exclusion": (("", "not judged"), ("pass", "absent"), ("fail", "present"), ("unknown", "not known yet")),
}


class JudgementForm(KeyedForm):
    """One choice for each criterion that a psychiatrist judges, and on what the findings rest."""

    occurred_at = moment("Judged at")
    basis = forms.CharField(
        label="On what do the findings rest?",
        max_length=300,
        help_text="Such as: interview, records, laboratory.",
    )

    def __init__(
        self,
        *args: Any,
        criteria: Iterable[Criterion],
        latest: Mapping[str, CriterionJudgement],
        **kwargs: Any,
    ) -> None:
        self.criteria, self.latest = list(criteria), latest
        super().__init__(*args, **kwargs)

    def grow(self) -> None:
        """Ask about each criterion."""
        for criterion in self.criteria:
            field = forms.ChoiceField(
                label=criterion.text.text,
                choices=WORDS[criterion.kind],
                required=False,
                initial=self.verdict_now(criterion),
                widget=forms.Select(attrs={"class": "form-select"}),
            )
            self.fields[criterion.id] = field
            shown = forms.CharField(required=False, initial=self.verdict_now(criterion), widget=forms.HiddenInput)
            self.fields[seen(criterion)] = shown
        self.order_fields([criterion.id for criterion in self.criteria])

    def verdict_now(self, criterion: Criterion) -> str:
        """The latest verdict on a criterion; empty before the first."""
        return self.latest[criterion.id].verdict if criterion.id in self.latest else ""

    def clean(self) -> dict[str, Any]:
        """Refuse to judge over what somebody else found since the page was opened."""
        cleaned = super().clean() or self.cleaned_data
        for criterion in self.changed():
            if self.verdict_now(criterion) not in (cleaned[seen(criterion)], cleaned[criterion.id]):
                self.add_error(criterion.id, "Somebody judged this since you opened the page; open it again and look.")
        return cleaned

    def changed(self) -> list[Criterion]:
        """The criteria judged otherwise than the page showed; the others are nobody's new finding."""
        given = self.cleaned_data
        return [one for one in self.criteria if given.get(one.id) and given[one.id] != given.get(seen(one))]

    def rows(self) -> Iterator[tuple[Criterion, BoundField, BoundField]]:
        """Each criterion with its field, and the hidden one that says what the page showed."""
        return ((criterion, self[criterion.id], self[seen(criterion)]) for criterion in self.criteria)

    def judgements(self) -> dict[str, tuple[str, str]]:
        """The new findings: criterion id -> (verdict, reason)."""
        basis = self.cleaned_data["basis"]
        return {criterion.id: (self.cleaned_data[criterion.id], basis) for criterion in self.changed()}


def seen(criterion: Criterion) -> str:
    """The name of the field that holds the verdict a page showed."""
    return f"{criterion.id}.seen"


class DecisionForm(KeyedForm):
    """The decision to enrol or to refuse; ``seen`` is the decision that the page showed."""

    seen = forms.CharField(required=False, widget=forms.HiddenInput)
    decision = forms.ChoiceField(choices=(("enrol", "eligible: enrol"), ("refuse", "not eligible: do not enrol")))
    occurred_at = moment("Decided at")
    reason = forms.CharField(max_length=200, required=False, help_text="Needed when the participant is not enrolled.")
