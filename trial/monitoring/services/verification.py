"""A monitor marks records as compared with their source. Only the mark is written."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any, NamedTuple

from django.db import transaction

from trial.monitoring.models import VerificationMark
from trial.monitoring.services.queries import NotYours
from trial.monitoring.subjects import digests_of, visit_of
from trial.participants.models import Participant
from trial.permissions import may
from trial.records.services import RecordError, StaleRecord, content_hash, put
from trial.users.models import User


class Tick(NamedTuple):
    """One record as it was on the page: the row, its version there, and the field compared (empty: all)."""

    row: Any
    version: int
    field: str = ""


@transaction.atomic
def verify(
    actor: User, participant: Participant, ticks: Iterable[Tick], *, key: uuid.UUID | None = None
) -> list[VerificationMark]:
    """Mark records of a participant, or single fields of them, as verified; all or none, once per key.

    Raises NotYours, RecordError for a field that comes from no source, StaleRecord where a record was changed since
    the page was opened.
    """
    if not may(actor, "verification.mark", participant.site_id):
        raise NotYours("A monitor verifies records against their source.")
    return [_mark(actor, participant, tick, key) for tick in ticks]


def _mark(actor: User, participant: Participant, tick: Tick, key: uuid.UUID | None) -> VerificationMark:
    row = tick.row
    if row.participant_id != participant.pk:
        raise RecordError("This record is another participant's.")
    own_key = None if key is None else uuid.uuid5(key, f"{row.pk}:{tick.field}")
    about = {"subject_table": row._meta.label_lower, "subject_id": row.pk, "field": tick.field}
    digests = digests_of(row, (tick.field,) if tick.field else ())
    if not digests:
        raise RecordError(f"The record has no field '{tick.field}' that comes from a source.")
    if row.version != tick.version:
        raise StaleRecord("A record was changed since you opened this page. Open it again and compare anew.")
    return put(
        VerificationMark,
        actor,
        key=own_key,
        reason="verified against the source",
        digest=content_hash({**about, "version": tick.version}),
        site_id=row.site_id,
        participant=participant,
        visit=visit_of(row),
        protocol_version=participant.protocol_version,
        subject_version=row.version,
        digests=digests,
        **about,
    )
