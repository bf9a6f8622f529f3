"""What exactly is signed: the rows that belong to a subject, and a hash over their content.

The content of a row is its newest audit entry without the columns of NOT_SIGNED, so a signature survives an upgrade
that adds a column and a back-up that is restored, and every change the trail tells of shows.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

from django.apps import apps
from django.db.models import ForeignKey, Max, Model

from trial import protocol
from trial.audit.canonical import canonical
from trial.audit.models import AuditEntry
from trial.audit.queries import row_key
from trial.audit.registry import audited_models
from trial.records.models import Record

FORMAT = 1
PROTOCOL = "records.protocolversion"
GATHERING = frozenset({"participants.visit", "participants.participant"})

# The apps whose records are signed with their visit and participant.
CONTENT_APPS = frozenset({"participants", "assessments", "infusion", "imaging", "safety"})
# Records about a participant that are not: an app's label or a model's label, and why.
NOT_CONTENT: dict[str, str] = {
    "safety.Alert": "A call to act, with an acknowledgement of its own; what raised it is signed.",
    "safety.Deviation": "A judgement about records, closed in its own time; the records are signed.",
    "contacts": "How to reach a person and who looked: kept apart, and erased on request without touching the records.",
    "assessments.Interview": "Answers on the way to an assessment; what was submitted is signed.",
    "assessments.RaterAssignment": "Who is to rate, not what was rated.",
    "monitoring": "Queries, verification marks and trail reviews are about the records and go on after signing.",
    "signatures": "Signatures are about the content, not part of it.",
}
# Columns that change without a clinical change: by table, or for every table under "".
NOT_SIGNED: dict[str, frozenset[str]] = {
    "": frozenset({"version"}),  # counts saves, also those that changed nothing
    "participants_visit": frozenset({"due_at", "opens_at", "closes_at"}),  # counted anew from the infusion
}
NO_ENTRY = "no audit entry"
BATCH = 500
K = TypeVar("K")
# Rows of one model by primary key, each with the subjects (their primary keys as text) that it belongs to.
Roots = dict[Any, set[str]]


class Row(NamedTuple):
    """One signed row: its table and id, its newest audit entry, and the SHA-256 of its content."""

    table: str
    row_id: str
    entry_id: int
    digest: str

    @property
    def place(self) -> tuple[str, str]:
        """Where the row stands."""
        return self.table, self.row_id


@dataclass(frozen=True)
class Content:
    """All rows of a subject, sorted; *table* is the subject's label in lower case."""

    table: str
    id: str
    rows: tuple[Row, ...]

    @cached_property
    def hash(self) -> str:
        """SHA-256 (hex) over the subject and the digest of each row."""
        digests = [part for row in self.rows for part in (row.table, row.row_id, row.digest)]
        return hashlib.sha256(canonical((str(FORMAT), self.table, self.id, *digests))).hexdigest()

    @property
    def manifest(self) -> str:
        """Every row as a line of text."""
        return "\n".join(" ".join(map(str, row)) for row in self.rows)

    @property
    def words(self) -> str:
        """How many rows of which kind."""
        counted = Counter(row.table for row in self.rows)
        return ", ".join(f"{count} × {_name(table)}" for table, count in sorted(counted.items()))


def rows_in(manifest: str) -> tuple[Row, ...]:
    """The rows that a manifest lists."""
    parts = (line.split(" ") for line in manifest.splitlines())
    return tuple(Row(table, row_id, int(entry_id), digest) for table, row_id, entry_id, digest in parts)


def content_of(subject: Model) -> Content:
    """Everything that a signature of *subject* stands for, as it is now."""
    return content_at(subject._meta.label_lower, str(subject.pk))


def content_at(table: str, pk: str) -> Content:
    """The content of the row *pk* of the model labelled *table*; without rows where it is gone."""
    return contents_at(table, [pk])[pk]


def contents_at(table: str, pks: Iterable[str]) -> dict[str, Content]:
    """The content of each of the rows *pks*, by pk: as many queries for one as for some hundreds."""
    asked = set(pks)
    if table == PROTOCOL:
        return {pk: Content(table, pk, _file(pk)) for pk in asked}
    rows: dict[str, list[Row]] = {pk: [] for pk in asked}
    for model, roots in gathered(apps.get_model(table), asked).items():
        for row, pk in _rows(model, roots):
            rows[pk].append(row)
    return {pk: Content(table, pk, tuple(sorted(found))) for pk, found in rows.items()}


def _file(version: str) -> tuple[Row, ...]:
    """A protocol version is its file."""
    if version not in protocol.versions():
        return ()
    return (Row("protocol_file", version, 0, protocol.sha256(version)),)


def _rows(model: type[Model], roots: Roots) -> Iterator[tuple[Row, str]]:
    """Each row of a model by its newest entry, with each subject that it belongs to."""
    table = model._meta.db_table
    keys = {row_key(model, pk): subjects for pk, subjects in roots.items()}
    found = newest_entries(table, keys)
    for key, subjects in keys.items():
        entry = found.get(key)
        row = Row(table, key, entry.id if entry else 0, digest(table, entry.new) if entry else NO_ENTRY)
        yield from ((row, subject) for subject in subjects)


def newest_entries(table: str, keys: Iterable[str]) -> dict[str, AuditEntry]:
    """The newest audit entry of each row, by row id."""
    found: dict[str, AuditEntry] = {}
    for some in batches(keys):
        entries = AuditEntry.objects.filter(table_name=table, row_id__in=some)
        newest = entries.order_by().values("row_id").annotate(last=Max("id")).values("last")
        found |= {entry.row_id: entry for entry in AuditEntry.objects.filter(id__in=newest)}
    return found


def digest(table: str, row: str | None) -> str:
    """SHA-256 (hex) of a row as an audit entry holds it, without what is not signed; empty for no row."""
    if row is None:
        return ""
    values = json.loads(row, parse_float=str, parse_int=str)
    kept = {name: value for name, value in values.items() if value is not None and name not in not_signed(table)}
    text = json.dumps(kept, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def not_signed(table: str) -> frozenset[str]:
    """The columns of a table that no signature covers."""
    return NOT_SIGNED[""] | NOT_SIGNED.get(table, frozenset())


def gathered(model: type[Model], pks: Collection[str]) -> dict[type[Model], Roots]:
    """The rows themselves and, for visits or participants, all that hang on them, each with the rows it belongs to."""
    own: Roots = {}
    for some in batches(pks):
        own |= {pk: {str(pk)} for pk in model._base_manager.filter(pk__in=some).values_list("pk", flat=True)}
    found: dict[type[Model], Roots] = defaultdict(dict, {model: own})
    waiting = [(model, own)] if model._meta.label_lower in GATHERING else []
    while waiting:
        parent, roots = waiting.pop()
        for child, link in children_of(parent, model):
            new = _hanging(child, link, roots, found[child])
            if new:
                for pk, subjects in new.items():
                    found[child].setdefault(pk, set()).update(subjects)
                waiting.append((child, new))
    return found


def _hanging(child: type[Model], link: str, roots: Roots, known: Roots) -> Roots:
    """The rows of a model that hang on those of *roots* by a link, as far as that was not known."""
    new: Roots = {}
    for some in batches(roots):
        for pk, above in child._base_manager.filter(**{f"{link}__in": some}).values_list("pk", f"{link}_id"):
            new.setdefault(pk, set()).update(roots[above] - known.get(pk, set()))
    return {pk: subjects for pk, subjects in new.items() if subjects}


def batches(keys: Iterable[K]) -> Iterator[list[K]]:
    """The keys, some hundreds at a time: a database takes only so many values in one query."""
    listed = list(keys)
    yield from (listed[start : start + BATCH] for start in range(0, len(listed), BATCH))


def children_of(parent: type[Model], root: type[Model]) -> Iterator[tuple[type[Model], str]]:
    """Every model whose rows hang on *parent*, with the name of the link.

    Where each row names the *root* itself, the way over another parent leads to no further row.
    """
    for model in content_models():
        links = [field for field in model._meta.concrete_fields if isinstance(field, ForeignKey)]
        if parent is not root and any(link.related_model is root and not link.null for link in links):
            continue
        yield from ((model, link.name) for link in links if link.related_model is parent)


def content_models() -> list[type[Model]]:
    """The models whose rows are signed with their visit or participant."""
    return [
        model
        for model in audited_models()
        if issubclass(model, Record) and model._meta.app_label in CONTENT_APPS and not is_left_out(model)
    ]


def is_left_out(model: type[Model]) -> bool:
    """Whether a model is named as no part of what is signed."""
    return model._meta.label in NOT_CONTENT or model._meta.app_label in NOT_CONTENT


def undecided_models() -> list[str]:
    """Labels of models about a participant or visit of which nobody has said whether they are signed."""
    about = {label.lower() for label in GATHERING}
    return [
        model._meta.label
        for model in audited_models()
        if any(isinstance(f, ForeignKey) and f.related_model._meta.label_lower in about for f in model._meta.fields)
        and model not in content_models()
        and not is_left_out(model)
    ]


def _name(table: str) -> str:
    """A table's name as a reader knows it."""
    models = {model._meta.db_table: model for model in audited_models()}
    if table not in models:
        return table.replace("_", " ")
    return str(models[table]._meta.verbose_name)
