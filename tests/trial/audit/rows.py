"""A valid row of any model, made from its metadata alone: foreign keys are followed, values are distinct."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django.apps import apps
from django.db.models import AutoField, CheckConstraint, F, Field, ForeignKey, Model, Q

from trial.audit.registry import EXCLUDED_COLUMNS
from trial.users.models import Site, User

_numbers = itertools.count(1)


def make_site() -> Site:
    """An unsaved site."""
    return Site(code=f"S{next(_numbers)}", name="Site", timezone="America/Chicago")


def make_user() -> User:
    """An unsaved account."""
    return User(username=f"person{next(_numbers)}", full_name="A Person", password="!")


def about_a_participant(row: Any) -> None:
    """Let a lock's row name the one thing it is about, for the database wants exactly one."""
    if row._meta.label == "locks.LockChange":
        row.participant_id, row.is_locked = new_person().pk, True
    else:
        row.participant_id = row.lock.participant_id


def new_person() -> Model:
    """A saved participant."""
    return save_row(apps.get_model("participants.Participant"))


def still_open(row: Any) -> None:
    """Leave a line of the delegation log, of training or of raters open: an end has its moment and its reason."""
    for name in ("end_reason", "withdrawn_reason"):
        if hasattr(row, name):
            setattr(row, name, "")
    if row._meta.label == "users.Delegation":
        row.is_carried_over = True


def constrained(model: type[Model]) -> frozenset[str]:
    """The names of the fields that a check of the table holds together with others: none changes alone."""
    checks = [one for one in model._meta.constraints if isinstance(one, CheckConstraint)]
    return frozenset(name for check in checks for name in _names(check.condition))


def _names(part: Any) -> Iterator[str]:
    if isinstance(part, Q):
        for child in part.children:
            yield from _names(child)
    elif isinstance(part, tuple):
        yield part[0].split("__")[0]
        yield from _names(part[1])
    elif isinstance(part, F):
        yield part.name  # type: ignore[attr-defined]


# What the metadata cannot say.
COMPLETIONS: dict[str, Callable[[Any], None]] = {
    "assessments.RaterAssignment": still_open,
    "users.Delegation": still_open,
    "users.Training": still_open,
    "locks.LockChange": about_a_participant,
    "locks.UnlockRequest": about_a_participant,
}


def make_row(model: type[Model]) -> Model:
    """An unsaved row whose foreign keys are saved rows; call inside audited()."""
    values = {}
    for field in model._meta.concrete_fields:
        if isinstance(field, AutoField):
            continue
        if isinstance(field, ForeignKey):
            values[field.name] = None if field.null else save_row(field.related_model)
        elif not field.has_default():
            values[field.name] = None if field.null else value_for(field)
    row = model(**values)
    if (complete := COMPLETIONS.get(model._meta.label)) is not None:
        complete(row)
    return row


def save_row(model: type[Model]) -> Model:
    """A saved row; call inside audited()."""
    row = make_row(model)
    row.save(force_insert=True)
    return row


def value_for(field: Field[Any, Any]) -> Any:
    """A value that the field accepts, different at each call where the type allows."""
    number = next(_numbers)
    if field.flatchoices:
        values = [value for value, _ in field.flatchoices if value not in ("", None)]
        return values[number % len(values)]
    kind = field.get_internal_type()
    text = f"x{number}"
    makers: dict[str, Callable[[], Any]] = {
        "CharField": lambda: text[-(field.max_length or 9) :],
        "TextField": lambda: text,
        "SlugField": lambda: text,
        "EmailField": lambda: f"{text}@example.org",
        "FilePathField": lambda: text,
        "FileField": lambda: text,
        "BooleanField": lambda: number % 2 == 0,
        "DateField": lambda: date(2020, 1, 1) + timedelta(days=number),
        "DateTimeField": lambda: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(minutes=number),
        "TimeField": lambda: time(number % 24, number % 60),
        "DurationField": lambda: timedelta(minutes=number),
        "DecimalField": lambda: _decimal(field, number),
        "FloatField": lambda: number / 7,
        "UUIDField": uuid4,
        "JSONField": lambda: {"n": number},
        "BinaryField": lambda: bytes([0, number % 256]),
    }
    made = makers.get(kind)
    return number % 90 + 1 if made is None else made()


def _decimal(field: Any, number: int) -> Decimal:
    whole = 10 ** max(field.max_digits - field.decimal_places, 0)
    step = Decimal(1).scaleb(-field.decimal_places)
    return min(step * (number % 9 + 1), Decimal(whole) - step)


def changeable_field(model: type[Model]) -> Field[Any, Any]:
    """A plain column of the model that a test may overwrite."""
    plain = [
        field
        for field in model._meta.concrete_fields
        if not field.primary_key
        and not isinstance(field, ForeignKey)
        and not field.unique
        and field.name not in constrained(model)
        and field.column not in EXCLUDED_COLUMNS.get(model._meta.label, ())
    ]
    free = [f for f in plain if f.get_internal_type() in ("TextField", "DateTimeField", "DateField") and not f.choices]
    return (free or plain)[0]


def another_value(row: Model, field: Field[Any, Any]) -> Any:
    """A value for the field other than the row's."""
    now = getattr(row, field.attname)
    return next(value for value in iter(lambda: value_for(field), object()) if value != now)
