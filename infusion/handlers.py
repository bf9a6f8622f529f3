"""What the treatment does when another app tells of something, and what it answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone

from infusion import queries
from infusion.bedside import running
from infusion.rules import alert_level, judge_positive_items
from trial.participants.models import Participant, Visit
from trial.participants.queries import protocol_of
from trial.records.events import Exposure, InfusionTimes, RunningInfusion, ask, handles, provides
from trial.safety import services as safety
from trial.users.models import User

POSITIVE_ALERT = "positive_symptoms"


@provides("infusion.times")
def infusion_times(participant: Participant) -> InfusionTimes | None:
    """When the participant's infusion began and ended."""
    return queries.infusion_times(participant)


@provides("infusion.staff")
def staff(participant: Participant) -> frozenset[UUID]:
    """The accounts that entered something about the participant's treatment or its effects."""
    return queries.staff_of(participant)


@provides("infusion.measurements_due")
def measurements_due(visit: Visit) -> tuple[str, ...]:
    """The names of the visit's bedside measurements that are not taken yet."""
    return tuple(due.label for due in queries.measurements_due(visit) if due.taken_at is None)


@provides("infusion.exposure")
def exposure(sites: Iterable[UUID], until: datetime) -> dict[UUID, Exposure]:
    """How many infusions of each site began and were completed before an instant, and for how long they ran."""
    return queries.exposure(sites, until)


@provides("infusion.running")
def running_infusions(participants: Iterable[Participant]) -> dict[UUID, RunningInfusion]:
    """How the running infusions of some participants stand now."""
    return running(participants, timezone.now())


@handles("lock.considered")
def consider_infusion(*, preview: Any, participant: Participant | None, **_: Any) -> None:
    """Rates and bedside records must always be possible: no lock while an infusion runs, in the practice ward aside."""
    running = queries.running_now(participant)
    if running:
        whose = "" if participant is not None else f" of {', '.join(running)}"
        preview.hinder(f"The infusion{whose} is running; record its end first.")


@handles("rating.judged")
def on_rating(rating: Any, actor: User, before: Mapping[str, int]) -> None:
    """Alert where a positive BPRS item is marked that was not *before*; while the infusion runs, advise a hold."""
    if rating.instrument != "bprs":
        return
    participant = rating.participant
    rules = protocol_of(participant)
    marked = judge_positive_items(rating.scores, rules)
    if not set(marked) - set(judge_positive_items(before, rules)):
        return
    triggers = [t for t in rules.vital_signs.triggers.values() if t.variable == "bprs_positive_item"]
    said = ", ".join(f"{item.replace('_', ' ')} {rating.scores[item]}" for item in marked)
    advice = "Call the psychiatrist"
    if queries.is_running(queries.infusion_of(participant)):
        advice = triggers[0].instruction.text
    safety.raise_alert(
        actor,
        participant=participant,
        visit=rating.visit,
        kind=POSITIVE_ALERT,
        level=alert_level(triggers) or "review",
        summary=f"BPRS: {said}. {advice}"[:300],
        source=rating,
        besides=ask("assessments.same_rating", rating=rating),
        occurred_at=rating.occurred_at,
        origin=rating.origin,
    )
