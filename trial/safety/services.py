"""Writes about safety: alerts, adverse events and deviations from the protocol."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import Model, Q
from django.utils import timezone

from trial.audit.context import audited
from trial.participants import queries as participants
from trial.participants.models import Participant, Visit
from trial.records.models import Origin
from trial.records.services import RecordError, amend, enter, require_version
from trial.rules.deviations import Deviation as Departure
from trial.safety.models import AdverseEvent, Alert, Deviation
from trial.users.models import User

LONGEST = 300
SERIOUS = "serious_adverse_event"


def named(source: Model | None) -> dict[str, Any]:
    """The table and id by which an alert or a deviation points at its record."""
    if source is None:
        return {"source_table": "", "source_id": None}
    return {"source_table": source._meta.label_lower, "source_id": source.pk}


def shortened(text: str) -> str:
    """The text at the length a summary holds."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def raise_alert(
    actor: User,
    *,
    participant: Participant,
    visit: Visit | None = None,
    kind: str,
    level: str,
    summary: str,
    source: Model | None = None,
    occurred_at: datetime | None = None,
    key: uuid.UUID | None = None,
    origin: str = Origin.FORM,
) -> Alert:
    """Raise an alert in the caller's transaction; the same open alert about the same record is not doubled."""
    about = named(source)
    text = shortened(summary)
    if source is not None:
        same = Alert.objects.filter(**about, kind=kind, level=level, summary=text, acknowledged_at=None).first()
        if same is not None:
            return same
    return enter(
        Alert,
        actor,
        participant=participant,
        visit=visit,
        occurred_at=occurred_at,
        key=key,
        origin=origin,
        reason="alert raised",
        kind=kind,
        level=level,
        summary=text,
        **about,
    )


def acknowledge(
    actor: User,
    alert: Alert,
    *,
    action_taken: str,
    acted_at: datetime | None = None,
    at: datetime | None = None,
    version: int | None = None,
) -> Alert:
    """Acknowledge an alert with what was done and when; raises RecordError without that or when it is already done.

    *version* is the alert's that the page showed: raises StaleRecord where somebody else was faster.
    """
    if not action_taken.strip():
        raise RecordError("Say what was done about the alert.")
    with audited(actor, "alert acknowledged"):
        locked = Alert.objects.select_for_update().get(pk=alert.pk)
        require_version(locked, version)
        if locked.acknowledged_at is not None:
            raise RecordError(f"{locked.acknowledged_by} has already acknowledged this alert: {locked.action_taken}")
        return amend(
            locked,
            actor,
            version=locked.version,
            reason="alert acknowledged",
            acknowledged_at=at or timezone.now(),
            acknowledged_by=actor,
            acted_at=acted_at,
            action_taken=action_taken.strip(),
        )


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


def close_deviation(
    actor: User, deviation: Deviation, *, correction: str, at: datetime | None = None, version: int | None = None
) -> Deviation:
    """Close a deviation with the corrective action; raises RecordError without one or when it is closed.

    *version* is the deviation's that the page showed: raises StaleRecord where somebody else was faster.
    """
    if not correction.strip():
        raise RecordError("Say what was done about the deviation.")
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


def record_adverse_event(
    actor: User,
    *,
    participant: Participant,
    occurred_at: datetime,
    visit: Visit | None = None,
    key: uuid.UUID | None = None,
    origin: str = Origin.FORM,
    **values: Any,
) -> AdverseEvent:
    """Record an adverse event; a serious one raises an urgent alert with its reporting time."""
    with audited(actor, "adverse event recorded"):
        event = enter(
            AdverseEvent,
            actor,
            participant=participant,
            visit=visit,
            occurred_at=occurred_at,
            key=key,
            origin=origin,
            **values,
        )
        alert_if_serious(actor, event)
    return event


def correct_adverse_event(
    actor: User, event: AdverseEvent, *, version: int, reason: str, **values: Any
) -> AdverseEvent:
    """Correct an adverse event; one that turns serious raises the alert then."""
    with audited(actor, reason.strip() or "corrected"):
        saved = amend(event, actor, version=version, reason=reason, **values)
        alert_if_serious(actor, saved)
    return saved


def alert_if_serious(actor: User, event: AdverseEvent) -> None:
    """Raise one alert for a serious event, saying until when it must be reported (site time)."""
    if not event.is_serious or Alert.objects.filter(**named(event), kind=SERIOUS).exists():
        return
    participant = event.participant
    within = participants.protocol_of(participant).safety.serious_events.report_within
    until = (event.aware_at + within.elapsed).astimezone(participant.site.zone)
    raise_alert(
        actor,
        participant=participant,
        visit=event.visit,
        kind=SERIOUS,
        level=Alert.Level.URGENT,
        summary=f"Serious adverse event: {event.term}. Report by {until:%Y-%m-%d %H:%M} ({within.text} {within.unit}).",
        source=event,
        occurred_at=event.occurred_at,
        origin=event.origin,
    )
