"""What is signed, in words: the name of a subject, and each of its rows field by field."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import NamedTuple

from django.apps import apps
from django.db.models import Model

from trial import protocol
from trial.audit.models import AuditEntry
from trial.audit.queries import Change, field_changes, parts_of
from trial.blinding import HIDDEN
from trial.records.models import ProtocolVersion
from trial.signatures.content import Content, newest_entries, not_signed
from trial.signatures.queries import Standing
from trial.users.models import User


class Group(NamedTuple):
    """The rows of one kind, each as its fields in words; none for a reader who may not see them."""

    name: str
    size: int
    rows: list[list[Change]] | None


def words_of(subject: Model) -> str:
    """The name of a subject as a page calls it: what, at which visit, of whom."""
    if isinstance(subject, ProtocolVersion):
        return f"Protocol {subject.version}"
    if subject._meta.label_lower == "participants.participant":
        return f"All records of {subject}"
    whose = f" of {person}" if (person := getattr(subject, "participant", None)) else ""
    if subject._meta.label_lower == "participants.visit":
        return f"Visit {_visit_label(subject)}{whose}"
    visit = getattr(subject, "visit", None)
    what = str(subject._meta.verbose_name)
    return f"{what[:1].upper()}{what[1:]}{f' at {_visit_label(visit)}' if visit else ''}{whose}"


def kind_in_words(table: str) -> str:
    """What kind of thing is signed, for the label of a model as a signature holds it, also an altered one."""
    if table == "participants.participant":
        return "participant, all records"
    try:
        return str(apps.get_model(table)._meta.verbose_name)
    except (LookupError, ValueError):
        return "unknown"


def _visit_label(visit: Model) -> str:
    """The visit's name in the protocol it was planned by."""
    version, code = str(getattr(visit, "protocol_version", "")), str(getattr(visit, "code", ""))
    visits = protocol.for_version(version).visits if version in protocol.versions() else {}
    return visits[code].label if code in visits else code


def content_in_words(content: Content, may_read: Callable[[str], bool]) -> list[Group]:
    """Every signed row as its fields and values, by kind; none of a model (its label) that the reader may not read."""
    keys: dict[str, set[str]] = defaultdict(set)
    for row in content.rows:
        if row.entry_id:
            keys[row.table].add(row.row_id)
    models = {model._meta.db_table: model._meta for model in apps.get_models()}
    groups = []
    for table, ids in keys.items():
        rows = None
        if may_read(models[table].label_lower):
            entries = sorted(newest_entries(table, ids).values(), key=lambda entry: entry.id)
            rows = [[part for change in _fields(entry, table) for part in parts_of(change)] for entry in entries]
        groups.append(Group(str(models[table].verbose_name), len(ids), rows))
    return groups


def _fields(entry: AuditEntry, table: str) -> list[Change]:
    """The fields of a row as its entry left them, those that are signed."""
    return field_changes(entry, from_nothing=True, besides=not_signed(table))


def for_readers(found: Iterable[Standing], *, sees_values: bool, is_blinded: bool = False) -> list[Standing]:
    """Signatures with the full name of who voided one and, for whoever may read it all, what changed item by item.

    is_blinded: for a rater who is kept from the treatment, who reads neither what was changed nor why.
    """
    if is_blinded:
        found = [replace(one, why=HIDDEN, record="a record changed") if one.since else one for one in found]
        sees_values = False
    listed = list(found)
    names = dict(User.objects.filter(username__in={one.by for one in listed}).values_list("username", "full_name"))
    return [replace(one, by=names.get(one.by, one.by), changes=_changes(one) if sees_values else ()) for one in listed]


def _changes(one: Standing) -> tuple[Change, ...]:
    return tuple(part for change in one.changes for part in parts_of(change))
