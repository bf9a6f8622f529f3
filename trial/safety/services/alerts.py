"""Alerts: raised with the messages that are to be sent, answered, acknowledged."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime

from django.db.models import Model, Q
from django.utils import timezone

from trial.audit.context import audited
from trial.participants.models import Participant, Visit
from trial.participants.queries import protocol_of
from trial.records.models import Origin
from trial.records.services import RecordError, amend, enter, require_version
from trial.safety.models import Alert, AlertNotice
from trial.safety.rules.escalation import steps
from trial.safety.services.naming import named, shortened
from trial.signatures.models import Signature
from trial.signatures.services import Confirmation, sign
from trial.users.models import User


def raise_alert(
    actor: User,
    *,
    participant: Participant,
    visit: Visit | None = None,
    kind: str,
    level: str,
    summary: str,
    source: Model | None = None,
    besides: Iterable[Model] = (),
    occurred_at: datetime | None = None,
    key: uuid.UUID | None = None,
    origin: str = Origin.FORM,
) -> Alert:
    """Raise an alert, with its messages as rows, in the caller's transaction.

    The same open alert about the same record, or about one of the records *besides*, is not doubled. Nothing is sent
    here: what is due is sent by a task, so that a rating never waits for a mail server.
    """
    about = named(source)
    text = shortened(summary)
    if source is not None:
        any_of = Q(*(Q(**named(one)) for one in (source, *besides)), _connector=Q.OR)
        same = Alert.objects.filter(any_of, kind=kind, level=level, summary=text, acknowledged_at=None).first()
        if same is not None:
            return same
    with audited(actor, "alert raised"):
        alert = enter(
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
        if not alert.is_repeat and origin != Origin.DEMO:  # nobody is called about synthetic people
            AlertNotice.objects.bulk_create(planned(alert))
    return alert


def planned(alert: Alert) -> list[AlertNotice]:
    """The steps of an alert's escalation, counted from when it was entered: nobody could hear of it before."""
    return [
        AlertNotice(
            alert=alert,
            purpose=AlertNotice.Purpose.ESCALATION,
            step=number,
            after=int(after.total_seconds() // 60),
            due_at=alert.entered_at + after,
        )
        for number, after in enumerate(steps(protocol_of(alert.participant), alert.level))
    ]


def attend(actor: User, alert: Alert, *, at: datetime | None = None) -> Alert:
    """Record that *actor* has been reached and is on it; the alert stays open until it is acknowledged.

    Raises RecordError when it is acknowledged or somebody else is on it already, naming them.
    """
    with audited(actor, "somebody is on it"):
        locked = Alert.objects.select_for_update().get(pk=alert.pk)
        if locked.acknowledged_at is not None:
            raise RecordError(already(locked))
        if locked.reached_at is not None:
            if locked.reached_by_id == actor.pk:
                return locked
            raise RecordError(f"{locked.reached_by} is on it already; speak with them, or acknowledge what you did.")
        return amend(
            locked,
            actor,
            version=locked.version,
            reason="somebody is on it",
            reached_at=at or timezone.now(),
            reached_by=actor,
        )


def already(alert: Alert) -> str:
    """That an alert is acknowledged, and by whom; what was done stands on its page, for whoever may read it."""
    return f"{alert.acknowledged_by} has already acknowledged this alert; its page says what was done."


def acknowledge(
    actor: User,
    alert: Alert,
    *,
    action_taken: str,
    confirmation: Confirmation | None,
    acted_at: datetime | None = None,
    at: datetime | None = None,
    version: int | None = None,
) -> Alert:
    """Acknowledge an alert with what was done and when, and sign it; raises RecordError and SignatureRefused.

    confirmation: that the actor gave the password; None for the demo's alerts, which nobody raised. *version* is
    the alert's that the page showed: raises StaleRecord where somebody else was faster.
    """
    if not action_taken.strip():
        raise RecordError("Say what was done about the alert.")
    with audited(actor, "alert acknowledged"):
        locked = Alert.objects.select_for_update().get(pk=alert.pk)
        require_version(locked, version)
        if locked.acknowledged_at is not None:
            raise RecordError(already(locked))
        if confirmation is None and locked.origin != Origin.DEMO:
            raise RecordError("An alert is acknowledged with a signature: give your password.")
        done = amend(
            locked,
            actor,
            version=locked.version,
            reason="alert acknowledged",
            acknowledged_at=at or timezone.now(),
            acknowledged_by=actor,
            acted_at=acted_at,
            action_taken=action_taken.strip(),
        )
        if confirmation is not None:
            sign(actor, subject=done, meaning=Signature.Meaning.REVIEWED, confirmation=confirmation)
        return done
