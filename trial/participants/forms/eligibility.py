"""The psychiatrist's findings and the decision; the fields grow from the protocol's criteria."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django import forms
from django.forms.boundfield import BoundField

from trial.participants.forms.base import KeyedForm
from trial.participants.models import CriterionJudgement
from trial.participants.sayings import Saying, goes_against, is_unanswered
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

    why = ""
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
        said: Mapping[str, Saying],
        **kwargs: Any,
    ) -> None:
        self.criteria, self.latest, self.said = list(criteria), latest, said
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
            own = forms.CharField(label="Why is it judged against the screening?", max_length=300, required=False)
            self.fields[why(criterion)] = own
        self.order_fields([criterion.id for criterion in self.criteria])

    def verdict_now(self, criterion: Criterion) -> str:
        """The latest verdict on a criterion; empty before the first."""
        return self.latest[criterion.id].verdict if criterion.id in self.latest else ""

    def clean(self) -> dict[str, Any]:
        """Refuse to judge against the screening without a reason."""
        cleaned = super().clean() or self.cleaned_data
        for criterion in self.changed():
            if self.goes_against(criterion) and not cleaned.get(why(criterion)):
                self.add_error(
                    criterion.id,
                    f"The screening says {self.said[criterion.id].words}. Judge it so, or say below why not.",
                )
        return cleaned

    def goes_against(self, criterion: Criterion) -> bool:
        """Whether the chosen finding is the opposite of what the screening says."""
        return goes_against(self.cleaned_data.get(criterion.id, ""), self.said.get(criterion.id))

    def changed(self) -> list[Criterion]:
        """The criteria judged otherwise than the page showed, or again with a reason; no other is a new finding."""
        given = self.cleaned_data
        return [
            one
            for one in self.criteria
            if given.get(one.id) and (given[one.id] != given.get(seen(one)) or given.get(why(one)))
        ]

    def rows(self) -> Iterator[tuple[Criterion, BoundField, BoundField, BoundField | None]]:
        """Each criterion with its field, the hidden one of what the page showed, and the reason where one is due."""
        for criterion in self.criteria:
            own = self[why(criterion)] if self.asks_why(criterion) else None
            yield criterion, self[criterion.id], self[seen(criterion)], own

    def asks_why(self, criterion: Criterion) -> bool:
        """Whether a reason of its own is due: the finding sent, or the one that stands, goes against the screening."""
        if self.is_bound:
            chosen, said = self.data.get(criterion.id, ""), self.said.get(criterion.id)
            return bool(self.data.get(why(criterion))) or goes_against(chosen, said)
        return is_unanswered(self.latest.get(criterion.id), self.said.get(criterion.id))

    def seen(self) -> dict[str, str]:
        """The verdicts that the page showed of the criteria that are judged, by their ids; empty for none."""
        return {one.id: self.cleaned_data.get(seen(one), "") for one in self.changed()}

    def judgements(self) -> dict[str, tuple[str, str]]:
        """The new findings: criterion id -> (verdict, reason)."""
        basis = self.cleaned_data["basis"]
        return {criterion.id: (self.cleaned_data[criterion.id], basis) for criterion in self.changed()}

    def reasons(self) -> dict[str, str]:
        """The reasons of their own, by criterion id, of findings against the screening."""
        return {one.id: self.cleaned_data[why(one)] for one in self.changed() if self.cleaned_data.get(why(one))}


def seen(criterion: Criterion) -> str:
    """The name of the field that holds the verdict a page showed."""
    return f"{criterion.id}.seen"


def why(criterion: Criterion) -> str:
    """The name of the field that holds the reason of a finding against the screening."""
    return f"{criterion.id}.why"


class DecisionForm(KeyedForm):
    """The decision to enrol or to refuse; ``seen`` is the decision that the page showed."""

    why = ""
    seen = forms.CharField(required=False, widget=forms.HiddenInput)
    decision = forms.ChoiceField(
        choices=(("", "choose …"), ("enrol", "eligible: enrol"), ("refuse", "not eligible: do not enrol"))
    )
    occurred_at = moment("Decided at")
    reason = forms.CharField(max_length=200, required=False, help_text="Needed when the participant is not enrolled.")
