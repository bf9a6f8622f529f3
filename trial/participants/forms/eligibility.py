"""The psychiatrist's findings and the decision; the fields grow from the protocol's criteria."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django import forms
from django.forms.boundfield import BoundField

from trial.participants.forms.base import KeyedForm, moment
from trial.participants.models import CriterionJudgement
from trial.protocol import Criterion

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
                initial=self.latest[criterion.id].verdict if criterion.id in self.latest else "",
                widget=forms.Select(attrs={"class": "form-select"}),
            )
            self.fields[criterion.id] = field
        self.order_fields([criterion.id for criterion in self.criteria])

    def rows(self) -> Iterator[tuple[Criterion, BoundField]]:
        """Each criterion with its field."""
        return ((criterion, self[criterion.id]) for criterion in self.criteria)

    def judgements(self) -> dict[str, tuple[str, str]]:
        """What differs from the judgements so far: criterion id -> (verdict, reason)."""
        basis = self.cleaned_data["basis"]
        return {
            criterion.id: (verdict, basis)
            for criterion in self.criteria
            if (verdict := self.cleaned_data[criterion.id])
            and (criterion.id not in self.latest or self.latest[criterion.id].verdict != verdict)
        }


class DecisionForm(KeyedForm):
    """The decision to enrol or to refuse."""

    decision = forms.ChoiceField(choices=(("enrol", "eligible: enrol"), ("refuse", "not eligible: do not enrol")))
    occurred_at = moment("Decided at")
    reason = forms.CharField(max_length=200, required=False, help_text="Needed when the participant is not enrolled.")
