"""Which tables a lock closes: every table about a participant, but those listed here with the reason why not."""

from __future__ import annotations

from typing import NamedTuple

from django.apps import apps
from django.db.models import ForeignKey, Model

from trial.audit.registry import concrete_models
from trial.records.models import Record

VISIT, PARTICIPANT = "participants.Visit", "participants.Participant"

# Keys are an app's label (all its tables) or a model's label.
NEVER_LOCKED: dict[str, str] = {
    "audit": "The trail has to tell of every write, also of a refused unlocking.",
    "jobs": "Background work about the records, not the records.",
    "locks": "The lock states themselves; they have guards of their own.",
    "signatures": "Who signed what; void by itself once what was signed changes.",
    "contacts": "How to reach a person, and who looked: somebody may have to be called at any time.",
    "monitoring": "Queries, marks of verification and reviews are about the data, and go on behind a lock.",
    "assessments.RaterAssignment": "Who is to rate; it changes no rating.",
    "safety": "A late adverse event, alert, deviation or follow-up is always recordable; it is listed beside a freeze.",
    "imaging.Upload": "A kept file, of many participants; the numbers read from it are rows of locked tables.",
    "reports.Report": "A report is made of frozen data, after the freeze.",
    "records.ProtocolVersion": "The protocol, not data about a participant.",
}


class LockedTable(NamedTuple):
    """One table that locks close: its model's label, its name, and the columns that name visit and participant.

    ``visit`` is empty where the table has none.
    """

    label: str
    name: str
    visit: str
    participant: str


def names_a_person(model: type[Model]) -> bool:
    """Whether a row of the model is about a participant or a visit, or a record at all."""
    owners = (apps.get_model(VISIT), apps.get_model(PARTICIPANT))
    relations = [field for field in model._meta.concrete_fields if isinstance(field, ForeignKey)]
    return issubclass(model, Record) or any(field.related_model in owners for field in relations)


def why_never_locked(model: type[Model]) -> str | None:
    """The reason why no lock closes the model's table, or None."""
    return NEVER_LOCKED.get(model._meta.label) or NEVER_LOCKED.get(model._meta.app_label)


def lockable_models() -> list[type[Model]]:
    """Every model whose table locks close, by label."""
    return [model for model in concrete_models() if names_a_person(model) and why_never_locked(model) is None]


def column(model: type[Model], name: str) -> str:
    """The column of a field, empty where the model has no such field."""
    return next((str(field.column) for field in model._meta.concrete_fields if field.name == name), "")


def locked_tables() -> list[LockedTable]:
    """Every table that locks close, by label; a visit and a participant are themselves what is locked."""
    own = {VISIT: ("id", "participant_id"), PARTICIPANT: ("", "id")}
    return [
        LockedTable(
            model._meta.label,
            model._meta.db_table,
            *own.get(model._meta.label, (column(model, "visit"), column(model, "participant"))),
        )
        for model in lockable_models()
    ]


def homeless_models() -> list[str]:
    """Labels of lockable models without a participant: a lock could not find the rows' owner."""
    return [table.label for table in locked_tables() if not table.participant]
