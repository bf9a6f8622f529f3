"""Adverse events: entered, corrected, followed up, and, when serious, reported in time."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.utils import timezone

from trial.audit.context import audited
from trial.participants import queries as participants
from trial.participants.models import Participant, Visit
from trial.records.models import Origin
from trial.records.services import amend, content_hash, enter, repeated, require_version
from trial.safety import queries
from trial.safety.models import AdverseEvent, AdverseEventFollowUp, Alert, AlertNotice, Outcome, SeriousEventReport
from trial.safety.rules.clocks import reminders
from trial.safety.services.alerts import raise_alert
from trial.safety.services.naming import named
from trial.users.models import User

SERIOUS = "serious_adverse_event"
HOSPITAL_STAY = "Hospital stay, reason not known yet"


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
    """Record an adverse event; a serious one raises an urgent alert with its reporting time, and its reminders."""
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
    """Correct or complete an adverse event; one that turns serious raises the alert then, and its clocks follow."""
    with audited(actor, reason.strip() or "corrected"):
        was_aware_at = AdverseEvent.objects.values_list("aware_at", flat=True).get(pk=event.pk)
        saved = amend(event, actor, version=version, reason=reason, is_provisional=False, **values)
        alert = alert_if_serious(actor, saved)
        if alert is not None and saved.aware_at != was_aware_at:
            _move_reminders(alert, saved)
    return saved


def follow_up(
    actor: User,
    event: AdverseEvent,
    *,
    occurred_at: datetime,
    news: str,
    outcome_code: str,
    ended_at: datetime | None = None,
    key: uuid.UUID | None = None,
    version: int | None = None,
) -> AdverseEventFollowUp:
    """Record what became known about an event, and let its outcome and end follow; a fatal one turns serious.

    Always possible: an event is followed until it is resolved, also after the participant has left. *version* is the
    event's that the page showed: raises StaleRecord where somebody else changed its outcome or end meanwhile.
    """
    given: dict[str, Any] = {"participant": event.participant, "visit": None, "occurred_at": occurred_at}
    given |= {"event": event, "news": news, "outcome_code": outcome_code}
    if key is not None and (row := repeated(AdverseEventFollowUp, actor, key, content_hash(given))):
        return row
    with audited(actor, "follow-up of an adverse event"):
        locked = AdverseEvent.objects.select_for_update().get(pk=event.pk)
        require_version(locked, version)
        row = enter(
            AdverseEventFollowUp,
            actor,
            participant=event.participant,
            occurred_at=occurred_at,
            key=key,
            event=locked,
            news=news,
            outcome_code=outcome_code,
        )
        changed: dict[str, Any] = {"outcome_code": outcome_code, "ended_at": ended_at}
        if outcome_code == Outcome.FATAL:
            changed |= {"is_fatal": True, "grade": AdverseEvent.Grade.DEATH}
        saved = amend(locked, actor, version=locked.version, reason=f"follow-up: {news}"[:200], **changed)
        alert_if_serious(actor, saved)
    return row


def report_serious_event(
    actor: User, event: AdverseEvent, *, occurred_at: datetime, key: uuid.UUID | None = None, **values: Any
) -> SeriousEventReport:
    """Record that a serious event was reported: to whom, how, when, under which number; the clocks stop by it."""
    return enter(
        SeriousEventReport,
        actor,
        participant=event.participant,
        occurred_at=occurred_at,
        key=key,
        reason="serious event reported",
        event=event,
        **values,
    )


def open_for_hospital_stay(actor: User, visit: Visit, *, why: str, at: datetime) -> AdverseEvent | None:
    """Open a provisional serious event for a visit missed because of a hospital stay, known at *at*.

    None when a serious event already covers that day. Onset is the day of the visit until somebody completes it.
    """
    began = min(visit.due_at or at, at)
    participant = visit.participant
    with audited(actor, "hospital stay told of by a missed visit"):
        # Two people at once open one event; who holds the participant already must not ask for more of it.
        Participant.objects.select_for_update(no_key=True).get(pk=participant.pk)
        if queries.serious_event_on(participant, began) is not None:
            return None
        unjudged = AdverseEvent.Causality.NOT_JUDGED
        return record_adverse_event(
            actor,
            participant=participant,
            occurred_at=began,
            visit=visit,
            origin=visit.origin,
            term=HOSPITAL_STAY,
            grade=AdverseEvent.Grade.SEVERE,
            is_serious=True,
            is_hospitalisation=True,
            seriousness=f"Visit missed: {why}"[:200],
            ketamine_causality=unjudged,
            clonidine_causality=unjudged,
            procedure_causality=unjudged,
            aware_at=at,
            is_provisional=True,
        )


def alert_if_serious(actor: User, event: AdverseEvent) -> Alert | None:
    """The one alert of a serious event, raised where it is missing, saying until when to report (site time)."""
    if not event.is_serious:
        return None
    known = Alert.objects.filter(**named(event), kind=SERIOUS).first()
    if known is not None:
        return known
    participant = event.participant
    plan = participants.protocol_of(participant).safety.serious_events
    within = plan.report_within
    until = (event.aware_at + within.elapsed).astimezone(participant.site.zone)
    alert = raise_alert(
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
    if event.origin != Origin.DEMO:
        AlertNotice.objects.bulk_create(reminders_of(alert, event))
    return alert


def reminders_of(alert: Alert, event: AdverseEvent) -> list[AlertNotice]:
    """The reminders to report; of those already past when the event is entered only the last is sent."""
    due = reminders(event.aware_at, participants.protocol_of(event.participant).safety.serious_events)
    past = [number for number, at in enumerate(due) if at <= timezone.now()]
    return [
        AlertNotice(
            alert=alert,
            purpose=AlertNotice.Purpose.REPORT,
            step=number,
            after=int((at - event.aware_at).total_seconds() // 60),
            due_at=at,
            state=AlertNotice.State.NOT_NEEDED if number in past[:-1] else AlertNotice.State.WAITING,
            why="entered after this time" if number in past[:-1] else "",
        )
        for number, at in enumerate(due)
    ]


def _move_reminders(alert: Alert, event: AdverseEvent) -> None:
    """Let the reminders not yet on their way follow a corrected time of awareness."""
    due = reminders(event.aware_at, participants.protocol_of(event.participant).safety.serious_events)
    waiting = AlertNotice.objects.select_for_update().filter(
        alert=alert, purpose=AlertNotice.Purpose.REPORT, state=AlertNotice.State.WAITING, job=None
    )
    for notice in waiting:
        notice.due_at = due[notice.step]
        notice.save(update_fields=["due_at"])
