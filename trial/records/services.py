"""Entering and amending records: one transaction, one audit reason, once per key."""

from __future__ import annotations

import hashlib
import json
import uuid
from datetime import datetime
from typing import Any, TypeVar

from django.core.serializers.json import DjangoJSONEncoder
from django.db import IntegrityError, models, transaction
from django.utils import timezone
from django.utils.text import capfirst

from trial import protocol
from trial.audit.context import audited
from trial.records import events
from trial.records.models import ClinicalRecord, Origin, ProtocolVersion, Record, UsedKey
from trial.rules.deviations import late_entry_deviation
from trial.users.models import User

ALREADY = "Somebody else has just saved this {}. Open it and correct it there, with a reason."
# PostgreSQL's error code, class 23 of its documentation's appendix A; SQLite says it in words.
UNIQUE_VIOLATION = "23505"
STALE = "This record was saved by somebody else since you opened it. Open it again and compare."
USED = "This form was already saved with other content. Open the saved record and correct it there."

R = TypeVar("R", bound=Record)
C = TypeVar("C", bound=ClinicalRecord)


class RecordError(ValueError):
    """A record cannot be saved as asked; the message says what to do."""


class KeyReused(RecordError):
    """The same form was sent twice with different content."""


class StaleRecord(RecordError):
    """Somebody else saved this record since it was opened."""


class AlreadyRecorded(RecordError):
    """Somebody else saved what can be recorded only once."""


class ReasonRequired(RecordError):
    """A correction came without a reason."""


def content_hash(values: dict[str, Any]) -> str:
    """Return the SHA-256 of the values as canonical JSON; related rows count by their primary key."""
    plain = {name: value.pk if isinstance(value, models.Model) else value for name, value in values.items()}
    text = json.dumps(plain, cls=DjangoJSONEncoder, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def repeated(model: type[R], actor: User, key: uuid.UUID, digest: str) -> R | None:
    """Return the row that this form already made; raises KeyReused when its content was another."""
    row = model._default_manager.filter(entered_by=actor, route=model._meta.label_lower, key=key).first()
    if row is None:
        return None
    if row.content_hash != digest:
        raise KeyReused(USED)
    row.is_repeat = True
    return row


def check_fields(row: Record) -> None:
    """Check every value but the relations (the database's foreign keys do that); raises ValidationError."""
    row.clean_fields(exclude={field.name for field in row._meta.concrete_fields if field.is_relation})
    row.clean()


def put(model: type[R], actor: User, *, key: uuid.UUID | None, reason: str, digest: str, **values: Any) -> R:
    """Save a new row of *model* once per *key*; raises ValidationError, KeyReused, AlreadyRecorded.

    What comes back is the first row with ``is_repeat`` set when the form was saved before.
    """
    with audited(actor, reason):
        row = model(
            entered_by=actor, key=key or uuid.uuid4(), route=model._meta.label_lower, content_hash=digest, **values
        )
        check_fields(row)
        try:
            with transaction.atomic(savepoint=key is not None):
                row.save(force_insert=True)
        except IntegrityError as broken:
            # The unique key says whether the form came before, so that the first time costs no question.
            first = None if key is None else repeated(model, actor, key, digest)
            if first is None and is_duplicate(broken):
                raise AlreadyRecorded(ALREADY.format(model._meta.verbose_name)) from broken
            if first is None:
                raise
            return first
        report_late(row, actor)
        events.emit("record.saved", record=row, actor=actor, reason=reason)
    return row


def report_late(row: Record, actor: User) -> None:
    """Report an entry that came too late, where the protocol states for each kind of observation when it does."""
    if not isinstance(row, ClinicalRecord) or not row.is_late:
        return
    plan = protocol.for_version(row.protocol_version)
    if plan.records.lateness is None:
        return
    participant = row.participant
    what, zone = capfirst(str(row._meta.verbose_name)), participant.site.zone
    found = late_entry_deviation(plan, what, row.occurred_at, row.entered_at, zone, row.observation)
    if found is not None:
        events.emit(
            "deviation.found",
            participant=participant,
            visit=row.visit,
            actor=actor,
            kind=found.kind,
            summary=found.description,
            occurred_at=row.occurred_at,
            source=row,
            ground=found.ground,
            is_important=found.important,
        )


def is_duplicate(broken: IntegrityError) -> bool:
    """Whether a unique constraint refused the row, and no other constraint or trigger."""
    return getattr(broken.__cause__, "sqlstate", "") == UNIQUE_VIOLATION or "UNIQUE constraint" in str(broken)


def enter(
    model: type[C],
    actor: User,
    *,
    participant: Any,
    visit: Any = None,
    occurred_at: datetime | None = None,
    key: uuid.UUID | None = None,
    origin: str = Origin.FORM,
    reason: str = "entered",
    **values: Any,
) -> C:
    """Save a new clinical record about *participant*, under the protocol version the participant is bound to.

    ``key`` is the one-use key of the form: the same content again returns the first row. Raises
    ValidationError for bad values and KeyReused for other content under a used key.
    """
    given = {**values, "participant": participant, "visit": visit, "occurred_at": occurred_at}
    return put(
        model,
        actor,
        key=key,
        reason=reason,
        digest=content_hash(given),
        site_id=participant.site_id,
        participant=participant,
        visit=visit,
        occurred_at=occurred_at or timezone.now(),
        protocol_version=participant.protocol_version,
        origin=origin,
        **values,
    )


def amend(record: R, actor: User, *, version: int, reason: str, **values: Any) -> R:
    """Correct a record, if it is still at the version that was opened.

    Raises ReasonRequired without a reason, StaleRecord when somebody saved in between, ValidationError.
    """
    if not reason.strip():
        raise ReasonRequired("Say why the record is corrected; the reason is kept with the old and the new value.")
    model = type(record)
    with audited(actor, reason):
        locked = model._default_manager.select_for_update().get(pk=record.pk)
        require_version(locked, version)
        for name, value in values.items():
            setattr(locked, name, value)
        locked.version = version + 1
        check_fields(locked)
        locked.save(force_update=True)
        events.emit("record.saved", record=locked, actor=actor, reason=reason)
    return locked


def require_version(locked: Record, version: int | None) -> None:
    """Refuse a save from a page that showed another version of a locked row; None asks nothing. Raises StaleRecord."""
    if version is not None and locked.version != version:
        raise StaleRecord(STALE)


def is_first_use(actor: User, key: uuid.UUID, digest: str) -> bool:
    """Note, inside an open transaction, that *actor* sent the form of *key*; False where it came before.

    For forms that change a record: what a form makes carries the key itself. Raises KeyReused for other content.
    """
    try:
        with transaction.atomic():
            UsedKey.objects.create(user=actor, key=key, content_hash=digest)
    except IntegrityError:
        if UsedKey.objects.get(user=actor, key=key).content_hash != digest:
            raise KeyReused(USED) from None
        return False
    return True


def bind_protocol(version: str) -> ProtocolVersion:
    """Register a protocol version as in use, inside an open audited block; its hash is fixed from now on."""
    row, _ = ProtocolVersion.objects.get_or_create(version=version, defaults={"sha256": protocol.sha256(version)})
    return row
