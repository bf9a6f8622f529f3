"""A row as it stood at an earlier save, read back from the trail."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple, TypeVar

from django.db import DEFAULT_DB_ALIAS
from django.db.models import Field, Max, Model
from django.db.models.functions import Coalesce
from django.utils.dateparse import parse_datetime

from trial.audit.models import AuditEntry
from trial.audit.queries import Column, entry_time, row_key

M = TypeVar("M", bound=Model)


class Save(NamedTuple):
    """One save of a row: the version that it left, UTC time, actor and reason."""

    version: int
    at: datetime
    actor: str
    reason: str


def saves_after(model: type[Model], pk: Any, version: int) -> list[Save]:
    """The saves of a row since it was at *version*, oldest first; each version once, as it was first left."""
    found: dict[int, Save] = {}
    for entry in _entries(model, pk):
        left = json.loads(entry.new or "{}").get("version", 0)
        if left > version and left not in found:
            found[left] = Save(left, entry_time(entry), entry.actor, entry.reason)
    return list(found.values())


def as_it_stood(model: type[M], pk: Any, version: int, children: Collection[str] = ()) -> M | None:
    """The row at *version*, not to be saved, with the rows of its *children* relations then; None without one."""
    stood, until = None, None
    for entry in _entries(model, pk):
        row = json.loads(entry.new or "{}", parse_float=Decimal)
        if row.get("version") == version:
            stood = row
        elif stood is not None:
            until = entry.id
            break
    if stood is None:
        return None
    instance = instance_of(model, stood)
    kept = {name: _children(instance, name, until) for name in children}
    instance._prefetched_objects_cache = kept  # type: ignore[attr-defined]
    return instance


def as_they_stood(model: type[M], entry_id: int, *, using: str = DEFAULT_DB_ALIAS) -> dict[Any, M | None]:
    """Every row of a model that was written after an entry of the trail, as it stood at that entry, by primary key.

    None for a row that was not there yet. The instances are not to be saved.
    """
    entries = AuditEntry.objects.using(using).filter(table_name=model._meta.db_table)
    since = entries.filter(id__gt=entry_id).values("row_id")
    stood: dict[str, AuditEntry | None] = {entry["row_id"]: None for entry in since}
    before = entries.filter(id__lte=entry_id, row_id__in=since)
    newest = before.order_by().values("row_id").annotate(last=Max("id")).values("last")
    stood |= {entry.row_id: entry for entry in entries.filter(id__in=newest)}
    to_key: Any = model._meta.pk.to_python
    return {to_key(row_id): _left_by(model, entry) for row_id, entry in stood.items()}


def _left_by(model: type[M], entry: AuditEntry | None) -> M | None:
    """The row that an entry left; None where there is none, or it removed the row."""
    if entry is None or entry.new is None:
        return None
    return instance_of(model, json.loads(entry.new, parse_float=Decimal))


def instance_of(model: type[M], row: dict[str, Any]) -> M:
    """A model's instance from a row of the trail; columns that a later migration removed are left out."""
    fields = {field.column: field for field in model._meta.concrete_fields}
    values = {fields[name].attname: python_value(fields[name], value) for name, value in row.items() if name in fields}
    instance = model(**values)
    instance._state.adding = False
    return instance


def python_value(field: Field[Any, Any], value: Any) -> Any:
    """What a field holds, from how either engine writes it into the trail."""
    if value is None:
        return None
    kind = field.get_internal_type()
    if kind == "JSONField":
        return json.loads(value) if isinstance(value, str) else value
    if kind == "DateTimeField":
        at = parse_datetime(value)
        return at.replace(tzinfo=UTC) if at is not None and at.tzinfo is None else at
    if kind == "BooleanField":
        return bool(value)
    if kind == "DecimalField":
        places: int = field.decimal_places  # type: ignore[attr-defined]
        return Decimal(value).quantize(Decimal(1).scaleb(-places))
    return field.to_python(value)


def _entries(model: type[Model], pk: Any) -> Iterable[AuditEntry]:
    rows = AuditEntry.objects.filter(table_name=model._meta.db_table, row_id=row_key(model, pk))
    return rows.exclude(new=None).order_by("id")


def _children(parent: Model, name: str, until: int | None) -> list[Model]:
    """The rows of a relation as they stood before entry *until*: what a save does to them, it does after the row."""
    relation: Any = parent._meta.get_field(name)
    model: type[Model] = relation.related_model
    entries = AuditEntry.objects.filter(table_name=model._meta.db_table)
    entries = entries.annotate(parent=Column(Coalesce("new", "old"), column=relation.field.column))
    entries = entries.filter(parent=row_key(type(parent), parent.pk)).order_by("id")
    last = {entry.row_id: entry for entry in (entries if until is None else entries.filter(id__lt=until))}
    left = [json.loads(entry.new, parse_float=Decimal) for entry in last.values() if entry.new]
    return [instance_of(model, row) for row in left]
