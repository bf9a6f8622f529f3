"""Reading signatures: each is valid, void since a change, or broken, as the records and the trail are now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet

from trial.audit.models import AuditEntry
from trial.audit.queries import Change, entry_time, field_changes
from trial.signatures.binding import is_whole
from trial.signatures.content import Content, Row, content_at, contents_at, digest, not_signed, rows_in
from trial.signatures.models import Signature


class State(StrEnum):
    """How a signature stands."""

    VALID = "valid"
    VOID = "void"
    BROKEN = "broken"


@dataclass(frozen=True)
class Standing:
    """A signature and how it stands; a void one with the first change after it: when (UTC), by whom, why, what.

    *since* is None where the trail tells of no change although the content is another.
    """

    signature: Signature
    state: State
    why: str = ""
    since: datetime | None = None
    by: str = ""
    record: str = ""
    changes: tuple[Change, ...] = ()

    @property
    def is_valid(self) -> bool:
        """Whether the signature stands."""
        return self.state is State.VALID


def signatures_at(sites: Collection[UUID]) -> QuerySet[Signature]:
    """Signatures given at the sites."""
    return Signature.objects.filter(site_id__in=sites).select_related("site", "signer")


def standings_at(sites: Collection[UUID], *, until: datetime) -> list[Standing]:
    """Every signature given at the sites by a moment with how it stands now, in order of time."""
    return standings(signatures_at(sites).filter(signed_at__lte=until))


def signatures_about(participant: Model, site_id: UUID) -> list[Standing]:
    """Every signature on a participant of the site, and on records about it, with how it stands; the oldest first."""
    signed: dict[str, dict[str, list[UUID]]] = defaultdict(lambda: defaultdict(list))
    for pk, table, subject in signatures_at([site_id]).values_list("pk", "subject_table", "subject_id"):
        signed[table][subject].append(pk)
    about = [pk for table, ids in signed.items() for subject in _about(participant, table, ids) for pk in ids[subject]]
    return standings(signatures_at([site_id]).filter(pk__in=about))


def _about(participant: Model, table: str, ids: Collection[str]) -> set[str]:
    """Which rows of a model are the participant or name it; none of what a forged line may name."""
    try:
        model = apps.get_model(table)
    except (LookupError, ValueError):
        return set()
    known = [one for one in ids if _is_key(model, one)]
    if isinstance(participant, model):
        return {str(participant.pk)}.intersection(known)
    if not any(field.name == "participant" and isinstance(participant, _target(field)) for field in model._meta.fields):
        return set()  # The protocol and a review of the trail are about a site, an unlocking about a lock.
    own = model._default_manager.filter(participant=participant, pk__in=known)
    return {str(pk) for pk in own.values_list("pk", flat=True)}


def _target(field: Any) -> type[Model] | tuple[()]:
    """The model that a field links to; what nothing is an instance of for any other field."""
    return field.related_model or ()


def _is_key(model: type[Model], text: str) -> bool:
    try:
        model._meta.pk.to_python(text)
    except ValidationError:
        return False
    return True


def standings(given: Iterable[Signature]) -> list[Standing]:
    """How each signature stands: a few queries for all that stand, and some for each that does not."""
    listed = list(given)
    asked: dict[str, set[str]] = defaultdict(set)
    for one in listed:
        if is_whole(one):  # a forged one may name what cannot be read
            asked[one.subject_table].add(one.subject_id)
    now = {(table, pk): content for table, pks in asked.items() for pk, content in contents_at(table, pks).items()}
    return [standing(one, now.get((one.subject_table, one.subject_id))) for one in listed]


def signatures_of(subject: Model) -> list[Standing]:
    """Every signature of a subject with how it stands, the oldest first."""
    return signatures_on(subject._meta.label_lower, str(subject.pk))


def signatures_on(table: str, pk: str) -> list[Standing]:
    """Every signature of the row *pk* of the model labelled *table* (lower case), the oldest first."""
    return standings(Signature.objects.filter(subject_table=table, subject_id=pk).select_related("site", "signer"))


def is_signed(subject: Model, meaning: str) -> bool:
    """Whether somebody's signature with that meaning stands on the subject."""
    return any(one.is_valid and one.signature.meaning == meaning for one in signatures_of(subject))


def standing(signature: Signature, now: Content | None = None) -> Standing:
    """How a signature stands against the content of its subject *now*; read where None is given."""
    if not is_whole(signature):
        return Standing(signature, State.BROKEN, "This line does not fit its signature: it was altered or copied here.")
    now = now or content_at(signature.subject_table, signature.subject_id)
    if rows_in(signature.manifest) == now.rows:
        return Standing(signature, State.VALID)
    first = min(changes_since(signature, now), key=lambda entry: entry.id, default=None)
    if first is not None:
        return void(signature, first)
    if signature.content_hash == now.hash:
        return Standing(signature, State.VALID)
    return Standing(signature, State.VOID, "The audit trail tells of no change: run manage.py verify_audit.")


def is_as_signed(signed: Row | None, now: Row) -> bool:
    """Whether a row is what was signed, and was nothing else since; what no signature covers may have changed."""
    if signed is None or signed.digest != now.digest:
        return False
    since = AuditEntry.objects.filter(table_name=now.table, row_id=now.row_id, id__gt=signed.entry_id)
    return signed == now or not any(digest(one.table_name, one.old) != digest(one.table_name, one.new) for one in since)


def void(signature: Signature, first: AuditEntry) -> Standing:
    """A signature that ended with an entry of the trail."""
    kinds = {model._meta.db_table: model._meta.verbose_name for model in apps.get_models()}
    changes = tuple(field_changes(first, besides=not_signed(first.table_name)))
    return Standing(
        signature,
        State.VOID,
        why=first.reason,
        since=entry_time(first),
        by=first.actor,
        record=f"{kinds[first.table_name]} {first.get_op_display()}",
        changes=changes if first.op == AuditEntry.Op.UPDATE else (),
    )


def changes_since(signature: Signature, now: Content) -> Iterator[AuditEntry]:
    """Entries that changed, added or removed a row of the subject after it was signed, of each table in order."""
    signed = {row.place: row for row in rows_in(signature.manifest)}
    there = {row.place: row for row in now.rows}
    keys: dict[str, set[str]] = defaultdict(set)
    for table, key in (place for place in signed.keys() | there.keys() if signed.get(place) != there.get(place)):
        keys[table].add(key)
    for table, ids in keys.items():
        for entry in AuditEntry.objects.filter(table_name=table, row_id__in=ids).order_by("id"):
            place = (table, entry.row_id)
            if _is_change(entry, signed.get(place), there.get(place), signature.trail_position):
                yield entry


def _is_change(entry: AuditEntry, signed: Row | None, there: Row | None, position: int) -> bool:
    """Whether an entry changed a signed row, or brought in one that was not signed."""
    if signed is not None:
        return entry.id > signed.entry_id and digest(entry.table_name, entry.old) != digest(entry.table_name, entry.new)
    # A row of a transaction that was still open at signing may have an older entry: then its newest one counts.
    return entry.id > position or (there is not None and entry.id == there.entry_id)
