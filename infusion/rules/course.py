"""The course of one infusion: its rate events, the dose delivered by them, and the step that comes next."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

from trial.protocol import Protocol
from trial.rules.schedule import elapsed_hours, utc

ZERO = Decimal(0)


class RateEvent(NamedTuple):
    """From `at` on the rate is `rate` mg/kg/h; 0 is a pause or the end."""

    at: datetime
    rate: Decimal


class NextStep(NamedTuple):
    """The next step up: when it is due (UTC) and to what rate (mg/kg/h)."""

    due_at: datetime
    rate: Decimal


@dataclass(frozen=True)
class Course:
    """An infusion from its start on; `events` in the order in which they happened, instants aware."""

    started_at: datetime
    events: tuple[RateEvent, ...] = ()
    ended_at: datetime | None = None

    def rate_at(self, at: datetime) -> Decimal:
        """The rate (mg/kg/h) that runs at an instant; 0 before the start, in a pause and from the end on."""
        if self.ended_at is not None and utc(at) >= utc(self.ended_at):
            return ZERO
        return next((event.rate for event in reversed(self._until(at))), ZERO)

    def running_rate(self, at: datetime) -> Decimal:
        """The last rate above 0 up to an instant: what a pause interrupts. 0 if there was none."""
        return next((event.rate for event in reversed(self._until(at)) if event.rate > 0), ZERO)

    @property
    def final_rate(self) -> Decimal:
        """The last rate above 0 before the end, in mg/kg/h: the maximum tolerated dose of the paper."""
        before_end = [event for event in self.events if self.ended_at is None or utc(event.at) < utc(self.ended_at)]
        return next((event.rate for event in reversed(before_end) if event.rate > 0), ZERO)

    def delivered(self, at: datetime) -> Decimal:
        """Dose delivered up to an instant, mg/kg: rate times elapsed hours in UTC; a pause adds nothing."""
        stop = utc(at) if self.ended_at is None else min(utc(at), utc(self.ended_at))
        events = [event for event in self.events if utc(event.at) < stop]
        edges = [*events, RateEvent(stop, ZERO)]
        return sum((here.rate * elapsed_hours(here.at, there.at) for here, there in pairwise(edges)), ZERO)

    def elapsed(self, at: datetime) -> Decimal:
        """Hours from the start to an instant, or to the end if that came first."""
        stop = utc(at) if self.ended_at is None else min(utc(at), utc(self.ended_at))
        return elapsed_hours(self.started_at, stop)

    def last_increase(self, at: datetime) -> datetime | None:
        """When the rate last rose above the one that ran before; the start counts, a resumption does not."""
        running, found = ZERO, None
        for event in self._until(at):
            if event.rate > running:
                found = event.at
            running = event.rate or running
        return found

    def last_change(self, at: datetime) -> datetime | None:
        """When the running rate last became another one; pauses, resumptions and new bags change nothing."""
        running, found = ZERO, None
        for event in self._until(at):
            if event.rate not in (ZERO, running):
                running, found = event.rate, event.at
        return found

    @property
    def last_switch(self) -> datetime | None:
        """When the pump's rate last became another one, pauses and resumptions included; None without rates."""
        running, found = None, None
        for event in self.events:
            if event.rate != running:
                running, found = event.rate, event.at
        return found

    def before(self, count: int) -> Course:
        """The running course that the first *count* events made."""
        return replace(self, events=self.events[:count], ended_at=None)

    def _until(self, at: datetime) -> list[RateEvent]:
        return [event for event in self.events if utc(event.at) <= utc(at)]


def next_step(course: Course, at: datetime, protocol: Protocol) -> NextStep | None:
    """The next step of the titration at an instant; None while paused, at the target or after the end.

    A step is due at its planned hour, but not before the minimum interval after the last change of rate:
    whoever was stepped down is not stepped up again at once. `due_at` in the past means overdue.
    """
    plan, rate = protocol.titration, course.rate_at(at)
    if rate == ZERO or rate >= plan.target.decimal:
        return None
    earliest = utc(course.last_change(at) or course.started_at) + plan.minimum_interval.elapsed
    for count, hours in enumerate(plan.step_times.decimals, start=1):
        level = min(plan.start.rate.decimal + plan.step.decimal * count, plan.target.decimal)
        if level > rate:
            planned = utc(course.started_at) + _hours(hours)
            return NextStep(max(planned, earliest), min(level, rate + plan.step.decimal))
    return None


def _hours(hours: Decimal) -> timedelta:
    return timedelta(seconds=float(hours * 3600))
