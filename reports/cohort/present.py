"""The practice ward: invented patients who are in the trial on the day on which the demo is loaded.

The cohort of the report lies years back and must stay as it is, or the published numbers are missed. Who tries
the site finds here a running infusion, a call that is due and a screening to go on with, at a site of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from reports.cohort import imaging_story, infusion_story, monitoring_story, ratings_story, screening_story
from reports.cohort.scene import Scene

FIRST_FORMS = ("demographics", "diagnosis", "psychiatric-history", "medical-history")
NO_CHANGE = (0, 0)
DAYS_BETWEEN_SCANS = 2


@dataclass(frozen=True)
class Stage:
    """How far a patient has come: whose totals are borrowed, in how many days the infusion begins, what is told."""

    words: str
    like: str
    begins_in_days: int
    tell: Callable[[Scene], None]


def in_screening(scene: Scene) -> None:
    """Consent two days ago, the first forms yesterday."""
    screening_story.consent(scene)
    forms = screening_story.forms(scene)
    for slug in FIRST_FORMS:
        screening_story.enter(scene, slug, **forms[slug])


def before_admission(scene: Scene) -> None:
    """Enrolled, rated and on clonidine."""
    screening_story.consent(scene)
    screening_story.screen(scene)
    imaging_story.before(scene, None, DAYS_BETWEEN_SCANS)
    infusion_story.clonidine(scene)
    screening_story.baseline(scene)


def under_infusion(scene: Scene) -> None:
    """The infusion since it began, as long as it lasts."""
    before_admission(scene)
    infusion = infusion_story.infuse(scene)
    infusion_story.vital_signs(scene, NO_CHANGE)
    infusion_story.side_effects(scene)
    infusion_story.serum(scene, infusion)
    ratings_story.infusion_days(scene)


def in_follow_up(scene: Scene) -> None:
    """The infusion over, the next call due."""
    under_infusion(scene)
    ratings_story.follow_up(scene)
    monitoring_story.monitored(scene)


STAGES = {
    "P1": Stage("in screening", "S04", 26, in_screening),
    "P2": Stage("admitted tomorrow", "S05", 1, before_admission),
    "P3": Stage("infusion running", "S01", -1, under_infusion),
    "P4": Stage("week 2 call due", "S02", -18, in_follow_up),
}
