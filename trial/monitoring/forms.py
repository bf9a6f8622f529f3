"""Forms of the monitoring pages: shape only, no judgement."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms

from trial.audit.queries import HistoryLine
from trial.monitoring.subjects import Shown
from trial.participants.forms.base import KeyedForm
from trial.signatures.forms import SignFields
from trial.signatures.rules import REVIEWED

QUESTION_LENGTH, REASON_LENGTH, FINDINGS_LENGTH = 500, 300, 4000
NO_CORRECTION = ("", "nothing was changed")


def lines(label: str, length: int, *, rows: int = 3, required: bool = True) -> forms.CharField:
    """A field for a few lines of text."""
    return forms.CharField(
        label=label, max_length=length, required=required, widget=forms.Textarea(attrs={"rows": rows})
    )


class RaiseForm(KeyedForm):
    """What is asked about a record, and about which field of it."""

    field = forms.CharField(label="About", required=False, widget=forms.Select)
    question = lines("What is in question?", QUESTION_LENGTH)

    def __init__(self, *args: Any, fields: list[Shown], item: tuple[str, str] = ("", ""), **kwargs: Any) -> None:
        self.known, self.item = fields, item
        super().__init__(*args, **kwargs)

    def grow(self) -> None:
        """Offer the whole record, its fields with their values, and the item of a scale that was clicked."""
        choices = [("", "the whole record"), *((one.name, short(f"{one.label}: {one.value}")) for one in self.known)]
        if self.item[0] and self.item[0] not in dict(choices):
            choices.append(self.item)
        self.fields["field"] = forms.ChoiceField(label="About", choices=choices, required=False)
        self.order_fields(["field", "question"])


def short(text: str, most: int = 80) -> str:
    """A text at the length a list shows."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


class VersionedForm(KeyedForm):
    """A step of a query that was opened at a version."""

    version = forms.IntegerField(widget=forms.HiddenInput)


class AnswerForm(VersionedForm):
    """The answer to a query, and the correction that is part of it."""

    correction = forms.ChoiceField(label="Was a value corrected?", required=False)
    words = lines("Answer", QUESTION_LENGTH)

    def __init__(self, *args: Any, corrections: list[HistoryLine], **kwargs: Any) -> None:
        self.corrections = corrections
        super().__init__(*args, **kwargs)

    def grow(self) -> None:
        """Offer the corrections since the query was raised; without one there is nothing to choose."""
        if not self.corrections:
            del self.fields["correction"]
            return
        choices = [(str(line.entry_id), correction_words(line)) for line in self.corrections]
        self.fields["correction"] = forms.ChoiceField(
            label="Was a value corrected?", required=False, choices=[NO_CORRECTION, *choices]
        )
        self.initial.setdefault("correction", choices[0][0])
        self.order_fields(["correction", "words"])

    def clean_correction(self) -> int | None:
        """The number of the trail's entry, or None."""
        text: str = self.cleaned_data["correction"]
        return int(text) if text else None


def correction_words(line: HistoryLine) -> str:
    """A correction in a line: what changed, by whom, when (UTC)."""
    changes = [one for one in line.changes if one.field not in ("version", "total", "subscales")]
    said = "; ".join(f"{one.field} {one.old} → {one.new}" for one in changes)
    return short(f"{line.at:%Y-%m-%d %H:%M} UTC by {line.actor}: {said}", 160)


class ReasonForm(VersionedForm):
    """Why a query is closed, opened again or withdrawn."""

    reason = lines("Why?", REASON_LENGTH)


class MarkForm(KeyedForm):
    """Which records, or single fields of them, were compared with their source."""

    mark = forms.MultipleChoiceField(required=True, error_messages={"required": "Tick what you compared."})

    def __init__(self, *args: Any, choices: list[str], **kwargs: Any) -> None:
        self.offered = choices
        super().__init__(*args, **kwargs)

    def grow(self) -> None:
        """Accept what the page offers."""
        self.fields["mark"].choices = [(one, one) for one in self.offered]  # type: ignore[attr-defined]

    def clean_mark(self) -> list[tuple[UUID, str, int]]:
        """The record, the field (empty for the whole record) and the version of each tick."""
        try:
            parts = [one.split(":") for one in self.cleaned_data["mark"]]
            return [(UUID(pk), field, int(version)) for _, pk, field, version in parts]
        except ValueError as unreadable:
            raise forms.ValidationError("A tick could not be read. Open the page again.") from unreadable

    def chosen(self) -> list[tuple[UUID, str, int]]:
        """What was ticked."""
        found: list[tuple[UUID, str, int]] = self.cleaned_data["mark"]
        return found


class ReviewForm(SignFields, KeyedForm):
    """What was found in the trail, and up to which entry it was looked at; sending it is a signature."""

    meaning_signed = REVIEWED
    to_entry = forms.IntegerField(widget=forms.HiddenInput)
    findings = lines("Findings", FINDINGS_LENGTH, rows=6)
    has_findings = forms.BooleanField(label="Something here calls for action", required=False)
