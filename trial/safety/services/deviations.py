"""Departures from the protocol: recorded once for each ground, closed with what was done or as void."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import Model, Q
from django.utils import timezone

from trial.audit.context import audited
from trial.participants.models import Participant, Visit
from trial.records.models import Origin
from trial.records.services import RecordError, amend, enter, require_version
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
    began: str = "",
    is_important: bool = False,
    is_automatic: bool = True,
    key: uuid.UUID | None = None,
    origin: str = Origin.FORM,
) -> Deviation:
    """Record a departure from the protocol; an open one of the same kind about the same record stands for it.

    ground: what it departs from (a protocol key or the name of a rule), where several of a kind may be open about one
    record; began: how the summary of a row without a ground begins if that stands for it, empty for any.
    After that one is closed, only another departure (by its summary) is recorded anew. One that was void says
    nothing about a departure that holds.
    """
    about, text, ground = named(source), shortened(summary), shortened(ground)
    if source is not None:
        standing = Q(closed_at=None) & (Q(ground=ground) | Q(ground="", summary__startswith=began))
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
        ground=ground,
        summary=text,
        is_important=is_important,
        is_automatic=is_automatic,
        **about,
    )


def close_deviation(
    actor: User,
    deviation: Deviation,
    *,
    correction: str,
    root_cause: str = "",
    prevention: str = "",
    at: datetime | None = None,
    version: int | None = None,
) -> Deviation:
    """Close a deviation with what was done about it; raises RecordError without that or when it is closed.

    *version* is the deviation's that the page showed: raises StaleRecord where somebody else was faster.
    An important one also needs its root cause and what keeps it from happening again.
    """
    if not correction.strip():
        raise RecordError("Say what was done about the deviation.")
    if deviation.is_important and not (root_cause.strip() and prevention.strip()):
        raise RecordError("It is important: say why it happened, and what keeps it from happening again.")
    with audited(actor, "deviation closed"):
        locked = Deviation.objects.select_for_update().get(pk=deviation.pk)
        require_version(locked, version)
        if locked.closed_at is not None:
            raise RecordError(f"This deviation is already closed: {locked.correction}")
        return amend(
            locked,
            actor,
            version=locked.version,
            reason="deviation closed",
            closed_at=at or timezone.now(),
            closed_by=actor,
            correction=correction.strip(),
            root_cause=root_cause.strip(),
            prevention=prevention.strip(),
        )


def close_group(
    actor: User, first: Deviation, repeats: Sequence[Deviation], *, version: int | None = None, **words: Any
) -> list[Deviation]:
    """Close a deviation, and those that repeat it, with one answer (as `close_deviation`), all or none."""
    with audited(actor, "deviations closed"):
        closed = close_deviation(actor, first, version=version, **words)
        return [closed, *(close_deviation(actor, one, **words) for one in repeats)]


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
