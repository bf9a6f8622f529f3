"""The order of the steps: consent, eligibility, infusion. Orders are refused, facts are reported."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from trial.participants import queries
from trial.participants.models import Participant, Visit
from trial.participants.rules import Step, judge_order
from trial.records.events import emit
from trial.records.services import RecordError
from trial.rules.deviations import Deviation, consent_deviation
from trial.rules.verdict import Verdict
from trial.users.models import User


class StepRefused(RecordError):
    """An order that a rule forbids; ``verdict`` says why."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.why)
        self.verdict = verdict


def require_step(participant: Participant, step: Step) -> None:
    """Refuse to order *step* out of sequence; raises StepRefused."""
    verdict = judge_order(step, queries.progress_of(participant))
    if not verdict.ok:
        raise StepRefused(verdict)


def report(
    actor: User,
    participant: Participant,
    found: Deviation | None,
    *,
    occurred_at: datetime,
    source: Any,
    visit: Visit | None = None,
) -> None:
    """Hand a departure to the safety app in this transaction; None is no departure."""
    if found is None:
        return
    emit(
        "deviation.found",
        participant=participant,
        visit=visit,
        actor=actor,
        kind=found.kind,
        summary=found.description,
        occurred_at=occurred_at,
        source=source,
        ground=found.ground,
        is_important=found.important,
    )


def report_consent(
    actor: User,
    participant: Participant,
    procedure: str,
    *,
    occurred_at: datetime,
    source: Any,
    visit: Visit | None = None,
) -> None:
    """Report a procedure that was performed before consent or without it."""
    found = consent_deviation(procedure, occurred_at, queries.consented_at(participant), participant.site.zone)
    report(actor, participant, found, occurred_at=occurred_at, source=source, visit=visit)
