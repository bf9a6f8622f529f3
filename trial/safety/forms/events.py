"""An adverse event, what became known later, and the report of a serious one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from trial.participants.forms.base import KeyedForm, not_in_future
from trial.records.forms import RecordForm, moment
from trial.safety.ctcae import GRADES
from trial.safety.models import CRITERIA, RESOLVED, AdverseEvent, Outcome, SeriousEventReport
from trial.safety.services import correct_adverse_event, record_adverse_event

FLAGS = tuple(CRITERIA.values())
GRADE_CHOICES = [(grade.value, f"{grade.value}: {GRADES[grade.value]}") for grade in AdverseEvent.Grade]
CAUSES = ("ketamine_causality", "clonidine_causality", "procedure_causality")
SECTIONS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("What happened", "", ("occurred_at", "aware_at", "term")),
    ("Severity", "How strong it was, in the general words of CTCAE. A strong event need not be serious.", ("grade",)),
    (
        "Seriousness",
        "Any of these makes it serious and starts its clocks. The planned stay of the trial does not count.",
        (*FLAGS, "seriousness"),
    ),
    ("Cause, judged for each apart", "", (*CAUSES, "expectedness")),
    ("What was done", "", ("ketamine_action", "clonidine_action")),
    ("How it stands", "", ("outcome_code", "ended_at", "outcome")),
)


class AdverseEventForm(RecordForm[AdverseEvent]):
    """An adverse event; severity and seriousness are asked apart. What is not known yet may stay empty."""

    occurred_label = "Began at"
    aware_at = moment("Trial staff knew at")
    ended_at = moment("Ended at")
    grade = forms.TypedChoiceField(
        label="Grade", choices=GRADE_CHOICES, coerce=int, widget=forms.RadioSelect(attrs={"class": "form-check-input"})
    )

    class Meta:
        model = AdverseEvent
        fields = [
            "occurred_at",
            "term",
            "grade",
            "aware_at",
            *FLAGS,
            "seriousness",
            *CAUSES,
            "expectedness",
            "ketamine_action",
            "clonidine_action",
            "ended_at",
            "outcome_code",
            "outcome",
        ]
        help_texts = {
            "seriousness": "In words: what made it serious, or why an event of grade 4 was not life-threatening.",
            "expectedness": "Asked of a serious event; until it is judged the event counts as unexpected.",
            "outcome_code": "Leave empty while nothing is known.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["ended_at"].required = False
        self.fields["ended_at"].help_text = "Leave empty while it lasts."

    @property
    def sections(self) -> list[tuple[str, str, list[forms.BoundField]]]:
        """The fields in the order of the page, under their headings."""
        return [(title, words, [self[name] for name in names]) for title, words, names in SECTIONS]

    def clean_occurred_at(self) -> datetime:
        """Refuse a moment in the future."""
        return not_in_future(self.cleaned_data["occurred_at"])

    def clean(self) -> dict[str, Any]:
        """Ask of an event recorded as serious in words only which rule it meets: nothing else may end that."""
        given = super().clean() or self.cleaned_data
        in_words = self.is_correction and self.instance.is_serious and not self.instance.criteria
        if in_words and not any(given.get(name) for name in FLAGS):
            self.add_error(FLAGS[0], "It was recorded as serious: tick at least one rule that it meets.")
        return given

    def _post_clean(self) -> None:
        """Let the flags alone say whether it is serious, before the model judges."""
        self.instance.is_serious = any(self.cleaned_data.get(name) for name in FLAGS)
        super()._post_clean()  # type: ignore[misc]

    def values(self) -> dict[str, Any]:
        """The model's own values; whether it is serious follows from the flags."""
        values = super().values()
        return {**values, "is_serious": any(values[name] for name in FLAGS)}

    def save_record(self, actor: Any, participant: Any, visit: Any = None, **more: Any) -> AdverseEvent:
        """Record or correct the event; a serious one raises an alert. Raises RecordError, ValidationError."""
        at = self.cleaned_data["occurred_at"]
        if self.is_correction:
            version, reason = self.cleaned_data["version"] or 0, self.cleaned_data["reason"]
            return correct_adverse_event(
                actor, self.instance, version=version, reason=reason, occurred_at=at, **self.values(), **more
            )
        key = self.cleaned_data["key"]
        return record_adverse_event(
            actor, participant=participant, occurred_at=at, visit=visit, key=key, **self.values(), **more
        )


class FollowUpForm(KeyedForm):
    """What became known of an event that began at *since*; ``version`` is the event's that the page showed."""

    why = "news"
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    occurred_at = moment("Learned at")
    news = forms.CharField(label="What is new?", max_length=500, widget=forms.Textarea(attrs={"rows": 3}))
    outcome_code = forms.ChoiceField(label="How does it stand now?", choices=[("", "choose …"), *Outcome.choices])
    ended_at = moment("Ended at")

    def __init__(self, *args: Any, since: datetime, **kwargs: Any) -> None:
        self.since = since
        super().__init__(*args, **kwargs)

    def grow(self) -> None:
        """An end is asked for, not demanded: it may last."""
        self.fields["ended_at"].required = False
        self.fields["ended_at"].help_text = "Leave empty while it lasts."

    def clean_occurred_at(self) -> datetime:
        """Refuse news from before the event began, and from the future."""
        at = super().clean_occurred_at()
        if at < self.since.replace(second=0, microsecond=0):
            raise ValidationError("This is before the event began; check it.")
        return at

    def clean_ended_at(self) -> datetime | None:
        """Refuse an end still to come."""
        at: datetime | None = self.cleaned_data["ended_at"]
        return None if at is None else not_in_future(at)

    def clean(self) -> dict[str, Any]:
        """Ask when it ended where it has."""
        given = super().clean() or self.cleaned_data
        needs_end = given.get("outcome_code") in RESOLVED - {Outcome.FATAL}
        if needs_end and "ended_at" not in self.errors and given.get("ended_at") is None:
            self.add_error("ended_at", "Say when it ended, at least roughly.")
        return given


class ReportForm(KeyedForm):
    """To whom a serious event was reported, when, how and under which number."""

    occurred_at = moment("Reported at")
    recipient = forms.ChoiceField(label="Reported to", choices=SeriousEventReport.Recipient.choices)
    person = forms.CharField(label="Who took it", max_length=120, required=False)
    means = forms.ChoiceField(label="How", choices=SeriousEventReport.Means.choices)
    reference = forms.CharField(label="Reference number", max_length=60, required=False)

    def __init__(self, *args: Any, since: datetime, **kwargs: Any) -> None:
        self.since = since
        super().__init__(*args, **kwargs)

    def clean_occurred_at(self) -> datetime:
        """Refuse a report from before anybody knew of the event."""
        at = super().clean_occurred_at()
        if at < self.since.replace(second=0, microsecond=0):
            raise ValidationError("Nobody can report it before trial staff knew; check it.")
        return at
