"""What is signed, in words: the name of a subject, and each of its rows field by field."""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

from django.apps import apps
from django.db.models import Model

from trial import protocol
from trial.audit.queries import Change, field_changes
from trial.records.models import ProtocolVersion
from trial.signatures.content import Content, newest_entries, not_signed


class Group(NamedTuple):
    """The rows of one kind, each as its fields in words."""

    name: str
    rows: list[list[Change]]


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


def _visit_label(visit: Model) -> str:
    """The visit's name in the protocol it was planned by."""
    version, code = str(getattr(visit, "protocol_version", "")), str(getattr(visit, "code", ""))
    visits = protocol.for_version(version).visits if version in protocol.versions() else {}
    return visits[code].label if code in visits else code


def content_in_words(content: Content) -> list[Group]:
    """Every signed row as its fields and values, by kind."""
    keys: dict[str, set[str]] = defaultdict(set)
    for row in content.rows:
        if row.entry_id:
            keys[row.table].add(row.row_id)
    kinds = {model._meta.db_table: str(model._meta.verbose_name) for model in apps.get_models()}
    groups = []
    for table, ids in keys.items():
        entries = sorted(newest_entries(table, ids).values(), key=lambda entry: entry.id)
        rows = [field_changes(entry, from_nothing=True, besides=not_signed(table)) for entry in entries]
        groups.append(Group(kinds[table], rows))
    return groups
