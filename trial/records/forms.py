"""The form every clinical record is entered and corrected with: shape only, no judgement.

A subclass is a ModelForm naming its model and fields. The form adds the one-use key, the version it was
opened at, the moment it is about in the site's time, and, for a correction, the reason.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Generic, TypeVar, cast

from django import forms
from django.utils import timezone

from trial.records import services
from trial.records.models import ClinicalRecord
from trial.records.moments import MomentField, MomentInput
from trial.records.saving import SavedForm
from trial.users.models import User

C = TypeVar("C", bound=ClinicalRecord)
Choice = tuple[str, str]

DASHES, CHOOSE = "---------", "choose …"
OWN_FIELDS = ("key", "version", "occurred_at", "reason")


def moment(label: str) -> MomentField:
    """A field for a moment in site time."""
    return MomentField(label=label, widget=MomentInput())


def day(label: str, *, required: bool = True) -> forms.DateField:
    """A field for a date."""
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, widget=widget, required=required)


# Django's ModelForm takes its type only in the stubs, not when it runs.
class RecordForm(SavedForm, forms.ModelForm, Generic[C]):  # type: ignore[type-arg]
    """Enter a new record, or correct ``instance``; the caller names participant and actor when saving."""

    occurred_label = "When"
    key = forms.UUIDField(widget=forms.HiddenInput)
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    occurred_at = moment(occurred_label)
    reason = forms.CharField(label="Why is this corrected?", max_length=200, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.is_correction = not self.instance._state.adding
        self.fields["occurred_at"].label = self.occurred_label
        self.initial.setdefault("key", uuid.uuid4())
        if self.is_correction:
            self.initial["version"] = self.instance.version
            self.initial.setdefault("occurred_at", self.instance.occurred_at)
            self.fields["reason"].required = True
        else:
            del self.fields["reason"]
            self.initial["occurred_at"] = timezone.localtime().replace(second=0, microsecond=0)
        self.order_fields(["occurred_at"])
        for field in self.fields.values():
            word_empty_choice(field)
            field.widget.attrs.setdefault("class", css_class(field.widget))

    def full_clean(self) -> None:
        """Check everything, and mark the fields that are wrong."""
        super().full_clean()
        for name in self.errors:
            if name in self.fields:
                attrs = self.fields[name].widget.attrs
                attrs["class"] = f"{attrs.get('class', '')} is-invalid".strip()

    def _get_validation_exclusions(self) -> set[str]:
        """Leave relations out of the model's own check: their form fields have already looked them up."""
        relations = {field.name for field in self._meta.model._meta.concrete_fields if field.is_relation}
        return super()._get_validation_exclusions() | relations  # type: ignore[misc,no-any-return]

    def values(self) -> dict[str, Any]:
        """Return the cleaned values of the model's own fields."""
        return {name: value for name, value in self.cleaned_data.items() if name not in OWN_FIELDS}

    def save_record(self, actor: User, participant: Any, visit: Any = None, **more: Any) -> C:
        """Enter or amend the record through the services; raises RecordError, ValidationError."""
        at: datetime = self.cleaned_data["occurred_at"]
        if self.is_correction:
            amended: C = services.amend(
                self.instance,
                actor,
                version=self.cleaned_data["version"] or 0,
                reason=self.cleaned_data["reason"],
                occurred_at=at,
                **self.values(),
                **more,
            )
            return amended
        entered: C = services.enter(
            self._meta.model,
            actor,
            participant=participant,
            visit=visit,
            occurred_at=at,
            key=self.cleaned_data["key"],
            **self.values(),
            **more,
        )
        return entered


def css_class(widget: forms.Widget) -> str:
    """The class of the page's style for a widget."""
    if isinstance(widget, forms.CheckboxInput):
        return "form-check-input"
    return "form-select" if isinstance(widget, forms.Select) else "form-control"


def word_empty_choice(field: forms.Field) -> None:
    """Name the empty choice of a list in words, where Django shows dashes."""
    if isinstance(field, forms.ModelChoiceField):
        if field.empty_label == DASHES:
            field.empty_label = CHOOSE
    elif isinstance(field, forms.ChoiceField):
        listed = list(cast("Iterable[Choice]", field.choices))  # the stubs name every kind the setter takes
        if ("", DASHES) in listed:
            field.choices = [("", CHOOSE) if choice == ("", DASHES) else choice for choice in listed]


def mark_up(field: forms.BoundField) -> None:
    """Give a field's widget the classes of the page's style, and mark it when it is wrong; this checks the form."""
    widget = field.field.widget
    word_empty_choice(field.field)
    kind = css_class(widget)
    widget.attrs.setdefault("class", f"{kind} is-invalid" if field.errors else kind)
