"""Saving what a form was sent with: refused 422, in conflict 409, and never a word of it lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import QueryDict

from trial.records import conflicts
from trial.records.conflicts import Conflict, Opened
from trial.records.services import AlreadyRecorded, RecordError, StaleRecord, content_hash, is_first_use

CONFLICT, REFUSED = 409, 422
DECIDE = "Both of you changed this. Choose what is to be kept."
FOREIGN_DIGITS = "Write it with the digits 0 to 9."
WITH_A_POINT = "Write decimals with a point, such as 0.45, and without a comma."
OF_THE_PAGE = frozenset({"csrfmiddlewaretoken", "draft", "key"})
NUMBERS = (forms.IntegerField, forms.DateField, forms.DateTimeField)
DECIMALS = (forms.DecimalField, forms.FloatField)


class SavedForm(forms.BaseForm):
    """What every form shares that writes: how it was refused, and the two sides of a conflict."""

    # The field that asks why a record is corrected; it is no value of the record.
    why: ClassVar[str] = "reason"
    # Fields about who sends it, such as a password: no values of the record, kept and compared nowhere.
    aside: ClassVar[frozenset[str]] = frozenset()
    conflict: Conflict | None = None
    refusal = 0
    # The form to show in place of this one, after somebody else saved the record.
    instead: Any = None

    def full_clean(self) -> None:
        """Check everything, and refuse a number or a time in other digits than 0 to 9, or a number with a comma."""
        super().full_clean()
        if not self.is_bound:
            return
        for name, field in self.fields.items():
            is_number = isinstance(field, NUMBERS) or field.widget.attrs.get("inputmode") == "decimal"
            if is_number and has_foreign_digits(self[name].data) and name not in self.errors:
                self.add_error(name, FOREIGN_DIGITS)
            elif name in self.errors and isinstance(field, DECIMALS) and "," in str(self[name].data):
                self.errors[name] = self.error_class([WITH_A_POINT])


def has_foreign_digits(text: Any) -> bool:
    """Whether a text holds what only Python reads as part of a number: digits of another script, or 1_5 for 15."""
    return isinstance(text, str) and any(sign == "_" or (sign.isdigit() and not sign.isascii()) for sign in text)


def attempt(form: Any, write: Callable[[], Any], about: Opened | None = None, *, by: Any = None) -> bool:
    """Do the write of a valid form; what is refused is shown on it, and nothing is saved.

    *about* is the record that the form changes: a save that comes too late is answered with both sides, on
    the form that `to_show` returns. *by* is the person, for a form whose record does not carry the form's key:
    sent again it is not written again. `status_of` gives the answer's status.
    """
    is_valid = form.is_valid()
    if about is not None:
        form.conflict = conflicts.kept(form, about)
        for one in form.conflict.undecided if form.conflict else ():
            form.add_error(one.name, DECIDE)
    if is_valid and not form.errors:
        _try(form, write if by is None else lambda: _once(form, write, about, by), about)
    return is_valid and not form.errors and form.instead is None


def set_against(form: Any, about: Opened) -> None:
    """Show what was typed against the record as it is now, as after a save that came too late; nothing is written."""
    form.refusal, form.instead = CONFLICT, conflicts.answer(form, about)


def _once(form: Any, write: Callable[[], Any], about: Opened | None, by: Any) -> None:
    """Write unless this very form was written before; raises KeyReused for the same key with other content."""
    current = None if about is None else about.find()
    # As it was sent: what a form makes of it may depend on the record, which its first sending has changed.
    sent = {name: value for name, value in lists(form.data).items() if name not in OF_THE_PAGE | form.aside}
    digest = content_hash({"sent": sent, "form": type(form).__name__, "about": str(getattr(current, "pk", ""))})
    with transaction.atomic():
        if is_first_use(by, form.cleaned_data["key"], digest):
            write()


def lists(data: Any) -> dict[str, list[str]]:
    """The texts that were sent for each field."""
    if isinstance(data, QueryDict):
        return {name: data.getlist(name) for name in data}
    return {name: [str(value)] for name, value in data.items()}


def _try(form: Any, write: Callable[[], Any], about: Opened | None) -> None:
    try:
        write()
    except (StaleRecord, AlreadyRecorded) as late:
        form.refusal = CONFLICT
        form.instead = None if about is None else conflicts.answer(form, about)
        if form.instead is None:
            form.add_error(None, str(late))
    except RecordError as refused:
        form.add_error(None, str(refused))
    except ValidationError as wrong:
        fields = set(wrong.error_dict) if hasattr(wrong, "error_dict") else set()
        form.add_error(None, wrong if fields and fields <= set(form.fields) else wrong.messages)


def to_show(form: Any) -> Any:
    """The form to answer with: itself, or the one that holds both sides."""
    return form if form is None or form.instead is None else form.instead


def status_of(form: Any) -> int:
    """The status of a page with a form: 409 in a conflict, 422 refused, else 200."""
    if form is None:
        return 200
    return int(getattr(form, "refusal", 0)) or (REFUSED if form.is_bound and form.errors else 200)
