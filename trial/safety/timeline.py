"""The course of an adverse event in time: onset, awareness, entry, report; its clocks, and those that still run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from trial.participants.queries import protocol_of
from trial.safety.models import AdverseEvent, SeriousEventReport
from trial.safety.rules.clocks import Clock, SeriousFacts, clocks


@dataclass(frozen=True)
class Moment:
    """One point of the timeline: what, when, and how it stands (done, due, late or overdue)."""

    label: str
    at: datetime
    state: str
    words: str = ""


@dataclass(frozen=True)
class Duty:
    """A serious event that is still to be reported, with the clock of it that ends first."""

    event: AdverseEvent
    clock: Clock


def duties(events: Iterable[AdverseEvent]) -> list[Duty]:
    """What is still to be reported of serious events; what is due first comes first."""
    found = []
    for event in events:
        running = [clock for clock in clocks_of(event, event.reports.all()) if clock.done_at is None]
        if running:
            found.append(Duty(event, min(running, key=lambda clock: clock.due_at)))
    return sorted(found, key=lambda duty: duty.clock.due_at)


def clocks_of(event: AdverseEvent, reports: Iterable[SeriousEventReport]) -> tuple[Clock, ...]:
    """The clocks of a serious event, by the protocol of its participant; none for another event."""
    if not event.is_serious:
        return ()
    sent = [(one.recipient, one.occurred_at) for one in reports]
    to_authority = [at for recipient, at in sent if recipient == SeriousEventReport.Recipient.AUTHORITY]
    facts = SeriousFacts(
        aware_at=event.aware_at,
        is_fatal_or_life_threatening=event.is_fatal or event.is_life_threatening,
        expectedness=event.expectedness,
        drug_causality=(event.ketamine_causality, event.clonidine_causality),
        reported_at=min((at for _, at in sent), default=None),
        authority_at=min(to_authority, default=None),
    )
    return clocks(facts, protocol_of(event.participant).safety.serious_events)


def timeline_of(
    event: AdverseEvent, reports: Sequence[SeriousEventReport], due: Sequence[Clock], now: datetime
) -> list[Moment]:
    """What happened and what is due, in the order of time."""
    moments = [
        Moment("Began", event.occurred_at, "done"),
        Moment("Trial staff knew", event.aware_at, "done"),
        Moment("Entered", event.entered_at, "done", f"by {event.entered_by}"),
    ]
    moments += [Moment("Reported", one.occurred_at, "done", str(one)) for one in reports]
    if event.ended_at is not None:
        moments.append(Moment("Ended", event.ended_at, "done", event.get_outcome_code_display()))
    for clock in due:
        if clock.done_at is None:
            moments.append(Moment(clock.label, clock.due_at, "overdue" if clock.is_overdue(now) else "due"))
        elif clock.is_late:
            moments.append(Moment(clock.label, clock.due_at, "late", "done after this time"))
    return sorted(moments, key=lambda moment: moment.at)
