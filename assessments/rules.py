"""What a MADRS score calls for at once. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from trial.protocol import Value
from trial.protocol.schema import SuicidalThoughts

INSTRUMENT = "madrs"
ITEM = "suicidal_thoughts"

Level = Literal["review", "urgent", "emergency"]
LEVELS: tuple[Level, ...] = ("review", "urgent", "emergency")


@dataclass(frozen=True)
class Escalation:
    """What must happen now, and the protocol value that says so; `proposed` while it awaits a signature."""

    level: Level
    why: str
    steps: tuple[str, ...]
    source: str
    key: str
    proposed: bool


def judge_suicidal_thoughts(score: int | None, previous: int | None, plan: SuicidalThoughts) -> Escalation | None:
    """Judge the suicidal-thoughts item (0-6) against the protocol and the participant's score before it.

    None when nothing is called for, or when the item was not rated.
    """
    if score is None:
        return None
    stated = f"MADRS item 10 (suicidal thoughts) is {score}"
    if score >= plan.emergency_at_least.integer:
        return _escalate("emergency", stated, plan, plan.emergency_at_least)
    if score >= plan.alert_at_least.integer:
        return _escalate("urgent", stated, plan, plan.alert_at_least)
    if score >= plan.review_at_least.integer:
        return _escalate("review", stated, plan, plan.review_at_least)
    if previous is not None and score - previous >= plan.review_rise_at_least.integer:
        return _escalate("review", f"{stated}, up from {previous}", plan, plan.review_rise_at_least)
    return None


def steps_by_score(scores: Iterable[int], plan: SuicidalThoughts) -> list[tuple[int, Escalation]]:
    """What the scores call for by themselves, each step up with the score that it begins at."""
    found: list[tuple[int, Escalation]] = []
    for score in scores:
        escalation = judge_suicidal_thoughts(score, None, plan)
        if escalation is not None and (not found or escalation.level != found[-1][1].level):
            found.append((score, replace(escalation, why=f"MADRS item 10 (suicidal thoughts) is {score} or more")))
    return found


def graver(now: Escalation | None, before: Escalation | None) -> bool:
    """Whether the level rose: what is judged now calls for more than what was judged before."""
    return now is not None and (before is None or LEVELS.index(now.level) > LEVELS.index(before.level))


def _escalate(level: Level, why: str, plan: SuicidalThoughts, value: Value) -> Escalation:
    return Escalation(level, why, _steps(level, plan), value.source, value.key, value.proposed)


def _steps(level: Level, plan: SuicidalThoughts) -> tuple[str, ...]:
    """The safety steps in their order, in the words of the person who holds the telephone."""
    if level == "review":
        return (
            "A clinician reviews this before the end of the shift.",
            "Record what was done on the alert; it stays open until then.",
        )
    within = plan.psychiatrist_within
    steps = (
        "Stay with the participant. On the telephone: keep them on the line and ask where they are.",
        "Do the C-SSRS now, with the form the site supplies.",
        f"A psychiatrist sees or speaks to the participant within {within.text} {within.unit}.",
        "Record what was done on the alert; it stays open until then.",
    )
    if level == "emergency":
        return ("Call the emergency service now; do not leave the participant alone.", *steps)
    return steps
