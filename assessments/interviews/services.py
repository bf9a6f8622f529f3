"""Keeping the answers of an interview while it goes on, submitting them, setting them aside.

A save names the version that its page showed: who goes on elsewhere meanwhile is never overwritten. The page that saved
last may save again at an older version, since an answer that is lost on the way leaves a page behind itself; its saves
are numbered, so that one which comes late does not bring old answers back.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from django.db import transaction
from django.utils import timezone

from assessments import queries
from assessments.instruments import instrument as load_instrument
from assessments.instruments.scale import ScoreRefused, score
from assessments.models import Assessment, Interview
from assessments.rules import graver
from assessments.services import (
    AssessmentRefused,
    already_recorded,
    escalation_of,
    judge,
    record_assessment,
)
from trial.participants.models import Participant, Visit
from trial.records.models import Origin
from trial.records.services import STALE, ReasonRequired, StaleRecord, amend, enter
from trial.users.models import User

BEGUN, ANSWERED, SET_ASIDE = "interview begun", "answered during the interview", "answers set aside: {}"
MOST_REASON = 200


class Page(NamedTuple):
    """The page that an interview is entered on: its name, the version that it showed (0 for none), its own saves."""

    name: UUID
    version: int
    turn: int


@transaction.atomic
def save_answers(
    actor: User,
    *,
    participant: Participant,
    visit: Visit,
    instrument: str,
    page: Page,
    scores: Mapping[str, int],
    **frame: Any,
) -> Interview | None:
    """Keep the answers so far, whole or not; no reason is asked. None while nothing was answered.

    frame: mode, rater, occurred_at, recall_window, missing_reason, as far as they are known. An alert follows at once
    where an answer calls for it. Raises AssessmentThere once the instrument is recorded, StaleRecord where another page
    saved since, AssessmentRefused for an item or a score that is none, ValidationError.
    """
    queries.hold(visit)
    row = Interview.objects.filter(visit=visit, instrument=instrument).first()
    if queries.assessment_at(visit, instrument) is not None:
        raise already_recorded(instrument, visit)
    if not scores and (row is None or not row.is_in_progress):
        return None
    values = {**frame, "scores": checked(instrument, scores), "state": Interview.State.IN_PROGRESS}
    is_same = row is not None and all(getattr(row, name) == value for name, value in values.items())
    if row is not None and is_same and (page.name != row.page or page.turn == row.turn):
        return row
    require_shown(row, page)
    judged = row if row is not None and row.is_in_progress else None
    values |= {"page": page.name, "turn": page.turn, "saved_by": actor, "saved_at": timezone.now()}
    if row is None:
        saved = _begin(actor, participant, visit, instrument, **values)
    else:
        saved = amend(row, actor, version=row.version, reason=ANSWERED, **values)
    judge(actor, saved, judged=judged)
    return saved


def _begin(actor: User, participant: Participant, visit: Visit, instrument: str, **values: Any) -> Interview:
    given = {"mode": Assessment.Mode.IN_PERSON, "rater": actor, **values}
    at: datetime | None = given.pop("occurred_at", None)
    return enter(
        Interview,
        actor,
        participant=participant,
        visit=visit,
        occurred_at=at,
        reason=BEGUN,
        instrument=instrument,
        instrument_version=load_instrument(instrument).version,
        origin=Origin.PHONE if given["mode"] == Assessment.Mode.PHONE else Origin.FORM,
        **given,
    )


@transaction.atomic
def submit(
    actor: User, *, participant: Participant, visit: Visit, instrument: str, page: Page, **values: Any
) -> Assessment:
    """Record the instrument as `record_assessment` does, unless answers that the page did not show wait there.

    Raises what `record_assessment` raises, and StaleRecord.
    """
    queries.hold(visit)
    waiting = Interview.objects.filter(visit=visit, instrument=instrument).exclude(state=Interview.State.SUBMITTED)
    require_shown(waiting.first(), page)
    return record_assessment(actor, participant=participant, visit=visit, instrument=instrument, **values)


@transaction.atomic
def heed(actor: User, latest: Assessment | Interview, scores: Mapping[str, int]) -> Assessment | Interview:
    """Raise the alert that answers call for although they are not kept: a danger does not wait for who is right.

    Gives back what calls for more, what there is or what was answered; that is not to be saved.
    """
    given = copy(latest)
    given.scores = dict(scores)
    judge(actor, given, judged=latest)
    return given if graver(escalation_of(given), escalation_of(latest)) else latest


@transaction.atomic
def set_aside(actor: User, interview: Interview, *, version: int, reason: str) -> Interview:
    """Take the answers out of the interview, which can begin anew; the trail keeps them, and alerts stay.

    A page that still shows them does not bring them back. Raises ReasonRequired, StaleRecord where somebody saved or
    submitted since.
    """
    if not reason.strip():
        raise ReasonRequired("Say why the answers are set aside; the reason is kept with them.")
    queries.hold(interview.visit)
    why = SET_ASIDE.format(reason.strip())[:MOST_REASON]
    emptied = {"state": Interview.State.SET_ASIDE, "scores": {}, "missing_reason": ""}
    by = {"saved_by": actor, "saved_at": timezone.now(), "page": uuid4(), "turn": 0}
    return amend(interview, actor, version=version, reason=why, **emptied, **by)


def require_shown(row: Interview | None, page: Page) -> None:
    """Refuse a page that did not show the answers as they are, but for the one that saved them. Raises StaleRecord."""
    if row is None:
        return
    is_own = page.name == row.page
    if page.turn < row.turn if is_own else page.version != row.version:
        raise StaleRecord(STALE)


def checked(instrument: str, scores: Mapping[str, int]) -> dict[str, int]:
    """The scores in the order of the items; raises AssessmentRefused for an item or a score that is none."""
    scale = load_instrument(instrument)
    try:
        score(scale, scores)
    except ScoreRefused as refused:
        raise AssessmentRefused(str(refused)) from refused
    return {name: scores[name] for name in scale.items if name in scores}
