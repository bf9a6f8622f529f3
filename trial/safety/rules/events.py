"""What in an adverse event contradicts itself, by ICH E2A, 21 CFR 312.32 and CTCAE. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

LIFE_THREATENING, DEATH = 4, 5
ENDED = frozenset({"recovered", "sequelae"})
LASTING = frozenset({"not_recovered", "recovering"})


@dataclass(frozen=True)
class EventFacts:
    """What of an adverse event is judged; times may be empty while a form is checked."""

    began_at: datetime | None
    aware_at: datetime | None
    ended_at: datetime | None
    grade: int | None
    is_serious: bool
    is_fatal: bool
    is_life_threatening: bool
    has_criterion: bool
    details: str
    outcome: str


def contradictions(event: EventFacts) -> dict[str, str]:
    """What is wrong, by the field at which it is best mended; empty when nothing is."""
    return {**_times(event), **_seriousness(event), **_death(event), **_outcome(event)}


def _times(event: EventFacts) -> dict[str, str]:
    wrong: dict[str, str] = {}
    if event.began_at is None:
        return wrong
    if event.ended_at is not None and event.ended_at < event.began_at:
        wrong["ended_at"] = "It cannot end before it began; check both times."
    if event.aware_at is not None and event.aware_at < event.began_at:
        wrong["aware_at"] = "Staff cannot know before it began; check both times."
    return wrong


def _seriousness(event: EventFacts) -> dict[str, str]:
    explained = bool(event.details.strip())
    if event.is_serious and not event.has_criterion and not explained:
        return {"seriousness": "Say which rule of seriousness it meets."}
    if event.grade == LIFE_THREATENING and not event.is_life_threatening and not explained:
        return {
            "is_life_threatening": "A life-threatening event is serious. Tick it, or say in the details why this one "
            "of grade 4 was not: for example a laboratory value without danger to life."
        }
    if event.is_life_threatening and event.grade is not None and event.grade < LIFE_THREATENING and not explained:
        return {"grade": "Life-threatening means grade 4. Correct the grade, or say in the details why it is lower."}
    return {}


def _death(event: EventFacts) -> dict[str, str]:
    if event.grade == DEATH and not event.is_fatal:
        return {
            "is_fatal": "Grade 5 is death, which is always serious: tick that it led to death, or correct the grade."
        }
    if event.is_fatal and event.grade is not None and event.grade != DEATH:
        return {"grade": "An event that led to death has grade 5."}
    if event.is_fatal and event.outcome not in ("", "fatal"):
        return {"outcome_code": "It led to death, so the outcome is fatal; correct one of the two."}
    if event.outcome == "fatal" and not event.is_fatal:
        return {"is_fatal": "The outcome is fatal: tick that it led to death and give it grade 5."}
    return {}


def _outcome(event: EventFacts) -> dict[str, str]:
    if event.outcome in ENDED and event.ended_at is None:
        return {"ended_at": "Say when it ended, at least roughly; an event that lasts is not recovered or recovering."}
    if event.outcome in LASTING and event.ended_at is not None:
        return {"ended_at": "It has an end, so it no longer lasts; empty the end or correct the outcome."}
    return {}
