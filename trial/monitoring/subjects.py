"""The records that a query or a mark can be about: finding one, naming it, its fields, and the page that shows it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from django.apps import apps
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Field, JSONField, Model
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst

from trial.blinding import keep_from
from trial.monitoring.plausible import CRITICAL
from trial.participants.models import Participant, Visit
from trial.participants.queries import protocol_of
from trial.participants.screening import FORMS
from trial.permissions import is_unblinding
from trial.records.models import ClinicalRecord, Record

# What the software keeps about a record, and what a page says of it elsewhere: none of it comes from a source.
BOOKKEEPING = frozenset(field.name for field in Record._meta.get_fields()) | {"participant", "visit", "infusion"}
# Rows that follow from other records, or become one, are neither asked about by name nor compared with a source.
DERIVED = frozenset({"safety.alert", "safety.deviation", "participants.criterionjudgement", "assessments.interview"})
# The role that may enter a record may answer for it: an app's action by its label.
RECORDED_BY = {
    "participants": "participants.screen",
    "safety": "safety.record",
    "infusion": "infusion.record",
    "assessments": "assessments.record",
    "imaging": "imaging.record",
}
LONGEST_VALUE = 200


class Shown(NamedTuple):
    """One field of a record in words; ``is_critical`` where a monitor has to verify it."""

    name: str
    label: str
    value: str
    is_critical: bool


@cache
def tables() -> dict[str, type[ClinicalRecord]]:
    """Every clinical table that comes from a source, by its label."""
    found = {
        model._meta.label_lower: model
        for model in apps.get_models()
        if issubclass(model, ClinicalRecord) and model._meta.app_label in RECORDED_BY
    }
    return {label: model for label, model in found.items() if label not in DERIVED}


def model_of(table: str) -> type[Record]:
    """The model of a table that can be asked about; raises Http404."""
    known: dict[str, type[Record]] = {**tables(), **{one._meta.label_lower: one for one in (Participant, Visit)}}
    if table not in known:
        raise Http404(f"Nothing can be asked about {table}.")
    return known[table]


def find_for(user: Any, sites: frozenset[UUID], table: str, pk: UUID) -> Any:
    """Return a record like `find`; raises Hidden where a rater is kept from records of its kind."""
    row = find(sites, table, pk)
    if is_unblinding(table):
        keep_from(user, row.participant_id)
    return row


def find(sites: frozenset[UUID], table: str, pk: UUID) -> Any:
    """Return a record at one of *sites*; a foreign and a missing one raise the same Http404."""
    model = model_of(table)
    related: tuple[str, ...] = ("site",) if model is Participant else ("participant__site",)
    if issubclass(model, ClinicalRecord):
        related += ("visit",)
    return get_object_or_404(model._default_manager.filter(site_id__in=sites).select_related(*related), pk=pk)


def participant_of(row: Any) -> Participant:
    """Whom a record is about."""
    found: Participant = row if isinstance(row, Participant) else row.participant
    return found


def visit_of(row: Any) -> Visit | None:
    """The visit that a record is or belongs to, or None."""
    if isinstance(row, Visit):
        return row
    found: Visit | None = getattr(row, "visit", None)
    return found


def visit_label(visit: Visit, participant: Participant) -> str:
    """A visit's name in the protocol of its participant."""
    return protocol_of(participant).visits[visit.code].label


def kind_of(row: Record) -> str:
    """What a record is, in words."""
    if instrument := getattr(row, "instrument", ""):
        return str(protocol_of(participant_of(row)).instruments[instrument].label.text)
    title = next((form.title for form in FORMS.values() if form.model is type(row)), "")
    return title or capfirst(str(row._meta.verbose_name))


def name_of(row: Record) -> str:
    """A record in words: what it is, at which visit, from when (site time)."""
    participant, visit = participant_of(row), visit_of(row)
    if isinstance(row, Participant):
        return "Participant"
    if isinstance(row, Visit):
        return f"Visit {visit_label(row, participant)}"
    at: datetime | None = getattr(row, "occurred_at", None)
    when = f"{at.astimezone(participant.site.zone):%Y-%m-%d %H:%M}" if at else ""
    return ", ".join(filter(None, (kind_of(row), visit_label(visit, participant) if visit else "", when)))


def fields_of(row: Record) -> list[Shown]:
    """The fields of a record that come from a source, in the order of the form."""
    critical = CRITICAL.get(row._meta.label_lower, ())
    names = [field for field in row._meta.concrete_fields if field.name not in BOOKKEEPING]
    return [Shown(f.name, label_of(f), words(row, f), f.name in critical) for f in names]


def label_of(field: Field[Any, Any]) -> str:
    """A field's name for a reader."""
    return "When" if field.name == "occurred_at" else capfirst(str(field.verbose_name))


def words(row: Record, field: Field[Any, Any]) -> str:
    """A field's value for a reader; a moment in the time in force."""
    if (display := getattr(row, f"get_{field.name}_display", None)) and not field.is_relation:
        return str(display())
    value = getattr(row, field.attname if field.is_relation else field.name)
    if field.is_relation and value is not None:
        value = getattr(row, field.name)
    if value is None or value == "" or value == {}:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{timezone.localtime(value):%Y-%m-%d %H:%M}"
    if isinstance(field, JSONField) and isinstance(value, dict):
        value = ", ".join(f"{str(key).replace('_', ' ')} {one}" for key, one in value.items())
    return str(value)


def field_label(model: type[Model], name: str) -> str:
    """The label of a field; an item of a scale goes by the item's own name. Empty for the whole record."""
    own, _, item = name.partition(".")
    if not own:
        return ""
    return capfirst(item.replace("_", " ")) if item else label_of(model._meta.get_field(own))  # type: ignore[arg-type]


def knows_field(row: Record, name: str) -> bool:
    """Whether a record has the field, or the item of a scale within it, that a query names."""
    own, dot, item = name.partition(".")
    field = next((f for f in row._meta.concrete_fields if f.name == own and own not in BOOKKEEPING - OWN), None)
    if field is None:
        return False
    held = {**getattr(row, own), **getattr(row, "missing", {})} if dot and isinstance(field, JSONField) else {}
    return item in held if dot else True


# Of the bookkeeping, what a person enters all the same.
OWN = frozenset({"occurred_at"})


def plain(value: Any) -> Any:
    """A value as it is the same before it is saved and after, on either engine."""
    if isinstance(value, Decimal):
        return Decimal(f"{value.normalize():f}")
    return value.astimezone(UTC) if isinstance(value, datetime) else value


def digests_of(row: Record, names: tuple[str, ...] = ()) -> dict[str, str]:
    """The SHA-256 of each value from a source (or of the *names* alone), to tell later what has changed."""
    found = {}
    for field in row._meta.concrete_fields:
        if field.name not in BOOKKEEPING and (not names or field.name in names):
            text = json.dumps(plain(getattr(row, field.attname)), cls=DjangoJSONEncoder, sort_keys=True)
            found[field.name] = hashlib.sha256(text.encode()).hexdigest()
    return found


def address_of(row: Record) -> str:
    """The page that shows a record."""
    participant, visit, app = participant_of(row), visit_of(row), row._meta.app_label
    study_id = participant.study_id
    place: dict[str, Callable[[], str]] = {
        "assessments.assessment": lambda: visit_page(participant, visit, row),
        "participants.visit": lambda: reverse("participants:visit", args=[study_id, getattr(row, "code", "")]),
    }
    if make := place.get(row._meta.label_lower):
        return make()
    slug = next((form.slug for form in FORMS.values() if form.model is type(row)), "")
    if slug:
        return reverse("participants:recorded", args=[study_id, slug])
    timepoint = getattr(row, "timepoint", "") or getattr(getattr(row, "session", None), "timepoint", "")
    if timepoint:
        return reverse("imaging:session", args=[study_id, timepoint])
    return reverse("infusion:detail" if app == "infusion" else "participants:detail", args=[study_id])


def visit_page(participant: Participant, visit: Visit | None, row: Any) -> str:
    """Where a rating is shown: its own page at a visit, else the participant's."""
    if visit is None:
        return reverse("participants:detail", args=[participant.study_id])
    return reverse("assessments:saved", args=[participant.study_id, visit.code, row.instrument])
