"""Departures from the protocol: recorded once for each ground, closed with what was done or as void."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from django.db.models import Model, Q
from django.utils import timezone

from trial.audit.context import audited
from trial.participants.models import Participant, Visit
from trial.records.models import Origin
from trial.records.services import RecordError, amend, enter
from trial.rules.deviations import Deviation as Departure
from trial.safety.models import Deviation
from trial.safety.services.naming import named, shortened
from trial.users.models import User


def record_deviation(
    actor: User,
    *,
    participant: Participant,
    kind: str,
    summary: str,
    occurred_at: datetime,
    visit: Visit | None = None,
    source: Model | None = None,
    ground: str = "",
    is_important: bool = False,
    is_automatic: bool = True,
    key: uuid.UUID | None = None,
    origin: str = Origin.FORM,
) -> Deviation:
    """Record a departure from the protocol; an open one of the same kind about the same record stands for it.

    ground: how the summary of that one begins, where several of a kind may be open about one record; empty for any.
    After that one is closed, only another departure (by its summary) is recorded anew. One that was void says
    nothing about a departure that holds.
    """
    about, text = named(source), shortened(summary)
    if source is not None:
        standing = Q(closed_at=None, summary__startswith=ground)
        known = Deviation.objects.filter(**about, kind=kind).filter(standing | Q(summary=text, is_void=False))
        if (same := known.first()) is not None:
            return same
    return enter(
        Deviation,
        actor,
        participant=participant,
        visit=visit,
        occurred_at=occurred_at,
        key=key,
        origin=origin,
        reason="deviation found" if is_automatic else "deviation reported",
        kind=kind,
        summary=text,
        is_important=is_important,
        is_automatic=is_automatic,
        **about,
    )


def close_deviation(actor: User, deviation: Deviation, *, correction: str, at: datetime | None = None) -> Deviation:
    """Close a deviation with the corrective action; raises RecordError without one or when it is closed."""
    if not correction.strip():
        raise RecordError("Say what was done about the deviation.")
    with audited(actor, "deviation closed"):
        locked = Deviation.objects.select_for_update().get(pk=deviation.pk)
        if locked.closed_at is not None:
            raise RecordError(f"This deviation is already closed: {locked.correction}")
        return amend(
            locked,
            actor,
            version=locked.version,
            reason="deviation closed",
            closed_at=at or timezone.now(),
            correction=correction.strip(),
        )


def close_what_ended(actor: User, source: Model, *, standing: Sequence[Departure], why: str) -> None:
    """Close, as void and with *why*, the open automatic deviations about *source* that are not among *standing*."""
    holding = {(found.kind, shortened(found.description)) for found in standing}
    correction = shortened(f"Closed automatically, it no longer holds: {why}")
    with audited(actor, "deviation no longer holds"):
        rows = Deviation.objects.select_for_update().filter(**named(source), is_automatic=True, closed_at=None)
        for row in rows:
            if (row.kind, row.summary) not in holding:
                ended = {"closed_at": timezone.now(), "correction": correction, "is_void": True}
                amend(row, actor, version=row.version, reason=correction, **ended)
