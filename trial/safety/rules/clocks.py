"""The clocks of a serious adverse event, counted from awareness in elapsed hours and days. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from trial.protocol.schema import SeriousEvents

# Causality that leaves a reasonable possibility (21 CFR 312.32(a)); what nobody judged yet counts as suspected.
SUSPECTED = frozenset({"possible", "probable", "definite", "not judged"})


@dataclass(frozen=True)
class Clock:
    """One duty to report: to whom, until when, and when it was done."""

    label: str
    due_at: datetime
    done_at: datetime | None
    proposed: bool

    def is_overdue(self, now: datetime) -> bool:
        """Whether it is not done and its time has passed."""
        return self.done_at is None and now > self.due_at

    @property
    def is_late(self) -> bool:
        """Whether it was done after its time."""
        return self.done_at is not None and self.done_at > self.due_at


@dataclass(frozen=True)
class SeriousFacts:
    """What decides the clocks of a serious event; an empty expectedness counts as unexpected until it is judged."""

    aware_at: datetime
    is_fatal_or_life_threatening: bool
    expectedness: str
    drug_causality: tuple[str, ...]
    reported_at: datetime | None
    authority_at: datetime | None

    @property
    def is_expedited(self) -> bool:
        """Serious, unexpected and suspected of a trial drug (21 CFR 312.32(c))."""
        return self.expectedness != "expected" and any(cause in SUSPECTED for cause in self.drug_causality)


def clocks(facts: SeriousFacts, plan: SeriousEvents) -> tuple[Clock, ...]:
    """The first report by the protocol's hours, and the expedited one where the event calls for it."""
    within = plan.report_within
    first = Clock(
        f"First report, within {within.text} {within.unit}",
        facts.aware_at + within.elapsed,
        facts.reported_at,
        within.proposed,
    )
    if not facts.is_expedited:
        return (first,)
    fatal = facts.is_fatal_or_life_threatening
    expedited = plan.expedited_fatal_within if fatal else plan.expedited_other_within
    label = f"Expedited report to the authority, within {expedited.text} {expedited.unit}"
    return (first, Clock(label, facts.aware_at + expedited.elapsed, facts.authority_at, expedited.proposed))


def reminders(aware_at: datetime, plan: SeriousEvents) -> tuple[datetime, ...]:
    """When to remind of the first report."""
    return tuple(aware_at + timedelta(hours=float(hours)) for hours in plan.alarms.decimals)
