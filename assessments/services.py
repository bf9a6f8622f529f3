"""Recording and correcting an assessment: score, save, close the visit, raise the alert, tell the others."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction

from assessments import queries
from assessments.instruments import Instrument, InstrumentError, codes
from assessments.instruments import instrument as load_instrument
from assessments.instruments.scale import ScoreRefused, score
from assessments.models import Assessment, Interview
from assessments.rules import INSTRUMENT, ITEM, Escalation, graver, judge_suicidal_thoughts
from trial import protocol
from trial.participants import services as participants
from trial.participants.models import Participant, Visit
from trial.records import events
from trial.records.services import AlreadyRecorded, RecordError, amend, enter
from trial.safety import services as safety
from trial.safety.models import Deviation
from trial.users.models import User

ALERT_KIND = "suicidal_thoughts"
NO_REASON = "no reason given"
SUBMITTED = "interview submitted"


class AssessmentRefused(RecordError):
    """The entry cannot be an assessment; the message names the instrument and the item."""


class AssessmentThere(AssessmentRefused, AlreadyRecorded):
    """Somebody recorded this instrument at this visit already."""


@transaction.atomic
def record_assessment(
    actor: User,
    *,
    participant: Participant,
    visit: Visit | None,
    instrument: str,
    scores: Mapping[str, int],
    mode: str,
    rater: User,
    occurred_at: datetime,
    missing: Mapping[str, str] | None = None,
    recall_window: str = "",
    key: UUID | None = None,
    origin: str = "form",
) -> Assessment:
    """Record an instrument rated at *occurred_at*; *scores* and *missing* (the reasons) go by item id.

    The recall window is the visit's where none is named. An item neither scored nor explained is marked
    "no reason given"; the total is then null. An interview in progress ends with it: what its answers called for is not
    called for again. Raises AssessmentRefused for an unknown instrument, item or score and where the visit already has
    this instrument, KeyReused, ValidationError.
    """
    values = entry(instrument, scores, missing or {}, recall_window or _recall(instrument, visit))
    interview = _ended(visit, instrument)
    try:
        row = enter(
            Assessment,
            actor,
            participant=participant,
            visit=visit,
            occurred_at=occurred_at,
            key=key,
            origin=origin,
            reason=f"{instrument} rated",
            instrument=instrument,
            mode=mode,
            rater=rater,
            **values,
        )
    except AlreadyRecorded as taken:
        raise already_recorded(instrument, visit) from taken
    if not row.is_repeat:
        _follow_up(actor, row, judged=interview)
    if interview is not None and not row.is_repeat:
        amend(interview, actor, version=interview.version, reason=SUBMITTED, state=Interview.State.SUBMITTED)
    return row


@transaction.atomic
def correct_assessment(
    actor: User,
    assessment: Assessment,
    *,
    version: int,
    reason: str,
    scores: Mapping[str, int],
    mode: str,
    rater: User,
    occurred_at: datetime,
    missing: Mapping[str, str] | None = None,
    recall_window: str = "",
) -> Assessment:
    """Correct an assessment that is still at *version*; an alert follows where the level rises.

    Raises AssessmentRefused, StaleRecord, ReasonRequired, ValidationError.
    """
    recall = recall_window or _recall(assessment.instrument, assessment.visit)
    values = entry(assessment.instrument, scores, missing or {}, recall)
    old = Assessment.objects.select_related("participant").get(pk=assessment.pk)
    row = amend(
        assessment,
        actor,
        version=version,
        reason=reason,
        mode=mode,
        rater=rater,
        occurred_at=occurred_at,
        **values,
    )
    _follow_up(actor, row, judged=old, moved_from=old.occurred_at)
    return row


def entry(instrument: str, scores: Mapping[str, int], missing: Mapping[str, str], recall_window: str) -> dict[str, Any]:
    """Check and score an entry; return the values of its row. Raises AssessmentRefused."""
    scale = _known(instrument)
    try:
        result = score(scale, scores)
    except ScoreRefused as refused:
        raise AssessmentRefused(str(refused)) from refused
    if not scores:
        raise AssessmentRefused(f"{instrument}: no item is rated. Rate at least one, or record the visit as missed.")
    if strange := sorted(set(missing) - set(result.missing)):
        raise AssessmentRefused(f"{instrument}: {', '.join(strange)} cannot be missing: scored, or no item at all.")
    if recall_window and recall_window not in scale.recall_windows:
        known = ", ".join(scale.recall_windows) or "none"
        raise AssessmentRefused(f"{instrument}: recall window '{recall_window}' is not known; known: {known}.")
    return {
        "instrument_version": scale.version,
        "scores": {name: scores[name] for name in scale.items if name in scores},
        "missing": {name: missing.get(name, "").strip() or NO_REASON for name in result.missing},
        "total": None if result.total is None else Decimal(result.total),
        "subscales": dict(result.subscales),
        "recall_window": recall_window,
    }


def escalation_of(rating: Assessment | Interview) -> Escalation | None:
    """What a rating, or the answers of one so far, call for at once, by the protocol version of its participant."""
    if rating.instrument != INSTRUMENT:
        return None
    score, previous = rating.scores.get(ITEM), None
    if score:  # 0 is no rise, whatever stood before
        previous = queries.item_before(rating.participant, rating.occurred_at, besides=rating.pk)
    plan = protocol.for_version(rating.protocol_version).safety.suicidal_thoughts
    return judge_suicidal_thoughts(score, previous, plan)


def judge(actor: User, rating: Assessment | Interview, *, judged: Assessment | Interview | None) -> None:
    """Raise the alert that scores call for, where that is more than what was *judged* before called for.

    What is still open about the rating, or about the interview that it came of, is not raised again. The treatment
    judges the scores by its own rules.
    """
    escalation = escalation_of(rating)
    if escalation is not None and graver(escalation, escalation_of(judged) if judged else None):
        safety.raise_alert(
            actor,
            participant=rating.participant,
            visit=rating.visit,
            kind=ALERT_KIND,
            level=escalation.level,
            summary=f"{escalation.why}.",
            source=rating,
            besides=queries.same_rating(rating),
            origin=rating.origin,
            occurred_at=rating.occurred_at,
        )
    events.emit("rating.judged", rating=rating, actor=actor, before=judged.scores if judged else {})


def _follow_up(
    actor: User, row: Assessment, *, judged: Assessment | Interview | None, moved_from: datetime | None = None
) -> None:
    after = queries.after_rating(row)
    if row.visit is not None:
        participants.record_visit(
            actor,
            row.visit,
            occurred_at=row.occurred_at,
            is_complete=after.is_complete,
            moved_from=moved_from,
        )
    _judge_rater(actor, row, after, is_correction=moved_from is not None)
    judge(actor, row, judged=judged)


def _judge_rater(actor: User, row: Assessment, after: queries.Rated, *, is_correction: bool) -> None:
    """Note a rating by somebody who is not assigned where others are; take the note back when that no longer holds."""
    if after.has_raters and not after.is_by_assigned:
        safety.record_deviation(
            actor,
            participant=row.participant,
            visit=row.visit,
            kind=Deviation.Kind.OTHER,
            summary=f"{row.instrument} was rated by {row.rater.full_name}, who is not an assigned rater.",
            occurred_at=row.occurred_at,
            source=row,
            origin=row.origin,
        )
    elif is_correction:
        safety.close_what_ended(actor, row, standing=(), why="the rater is an assigned one, or none was assigned")


def _ended(visit: Visit | None, instrument: str) -> Interview | None:
    """The interview that ends with a rating at a visit; nobody saves answers there until the transaction is over."""
    if visit is None:
        return None
    queries.hold(visit)
    return queries.interview_at(visit, instrument)


def already_recorded(instrument: str, visit: Visit | None) -> AssessmentThere:
    """What is raised where a visit has the instrument already."""
    where = visit.code if visit else "this moment"
    return AssessmentThere(f"{instrument} is already recorded at {where}. Open it there and correct it, with a reason.")


def _known(instrument: str) -> Instrument:
    try:
        return load_instrument(instrument)
    except InstrumentError as unknown:
        raise AssessmentRefused(f"No instrument '{instrument}'; there are {', '.join(codes())}.") from unknown


def _recall(instrument: str, visit: Visit | None) -> str:
    foreseen = queries.recall_of(visit)
    return foreseen if foreseen in _known(instrument).recall_windows else ""
