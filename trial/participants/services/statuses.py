"""Dated statuses on five separate axes; stopping the infusion ends neither follow-up nor any visit."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import datetime

from django.db.models import QuerySet

from trial.audit.context import audited
from trial.participants import queries
from trial.participants.models import Cohort, Participant, Status
from trial.participants.rules import judge_order, judge_status
from trial.participants.services.order import StepRefused, report, require_step
from trial.participants.services.visits import refresh_windows
from trial.records.events import emit
from trial.records.models import Origin
from trial.records.services import RecordError, StaleRecord, amend, enter
from trial.rules.deviations import consent_deviation, eligibility_deviation
from trial.rules.verdict import Verdict, refuse
from trial.users.models import User

PERMISSIONS = (Status.Axis.CONTACT, Status.Axis.DATA)
ENDS = (Status.Value.COMPLETED, Status.Value.STOPPED_EARLY)


def put_status(
    actor: User,
    participant: Participant,
    axis: str,
    value: str,
    *,
    occurred_at: datetime,
    reason: str = "",
    key: uuid.UUID | None = None,
    origin: str = Origin.FORM,
) -> Status:
    """Save a dated status after its own rule; raises RecordError."""
    verdict = judge_status(axis, value, reason)
    if not verdict.ok:
        raise RecordError(verdict.why)
    return enter(
        Status,
        actor,
        participant=participant,
        occurred_at=occurred_at,
        key=key,
        origin=origin,
        axis=axis,
        value=value,
        explanation=reason,
    )


def set_status(
    actor: User,
    participant: Participant,
    *,
    axis: str,
    value: str,
    occurred_at: datetime,
    reason: str = "",
    seen: str | None = None,
    key: uuid.UUID | None = None,
    origin: str = Origin.FORM,
) -> Status:
    """Save a dated status on one axis, leaving the others as they are.

    ``seen`` is the id of the axis's status that the page showed, empty for none; None asks nothing. Raises
    StaleRecord where somebody set another one since, RecordError for a value that is not of the axis or lacks its
    reason and for a permission dated before the latest one, and StepRefused for a permission granted before
    consent, for enrolling before it, and for a patient who is set to enrolled without a decision of eligibility.
    """
    if axis in PERMISSIONS and value == Status.Value.GRANTED:
        _require_consent(participant, occurred_at)
    if axis in PERMISSIONS:
        _require_effect(participant, axis, occurred_at, key)
    if value == Status.Value.ENROLLED:
        require_step(participant, "screening")
    if value == Status.Value.ENROLLED and participant.cohort == Cohort.PATIENT:
        decision = queries.latest_decision(participant)
        if decision is None or not decision.is_eligible:
            raise StepRefused(refuse("Only a decision of eligibility enrols a patient; open the eligibility page."))
    with audited(actor, "entered"):
        Participant.objects.select_for_update().get(pk=participant.pk)  # of two statuses at once the second waits
        _require_seen(participant, axis, seen, key)
        return put_status(
            actor, participant, axis, value, occurred_at=occurred_at, reason=reason, key=key, origin=origin
        )


def _require_seen(participant: Participant, axis: str, seen: str | None, key: uuid.UUID | None) -> None:
    """Refuse a status over one that the page did not show, unless this very form made it; raises StaleRecord."""
    latest = queries.current_status(participant, axis)
    if seen is None or latest is None or str(latest.pk) == seen or latest.key == key:
        return
    raise StaleRecord("Somebody set this status since you opened the page. Open it again and compare.")


def _require_consent(participant: Participant, at: datetime) -> None:
    """Refuse a permission that rests on no signed consent."""
    consented_at = queries.consented_at(participant)
    if consented_at is None:
        raise StepRefused(
            refuse("No consent is recorded. A permission is granted by a signed consent; record it first.")
        )
    if at < consented_at:
        signed = consented_at.astimezone(participant.site.zone)
        raise StepRefused(
            refuse(f"The consent was signed {signed:%Y-%m-%d %H:%M}; no permission was granted before it.")
        )


def _require_effect(participant: Participant, axis: str, at: datetime, key: uuid.UUID | None) -> None:
    """Refuse a permission that would change nothing because another is dated later; a form sent again is none."""
    known = [status for status in queries.statuses_of(participant) if status.axis == axis]
    if not known or at >= known[-1].occurred_at or any(status.key == key for status in known):
        return
    latest = known[-1]
    since = latest.occurred_at.astimezone(participant.site.zone)
    raise RecordError(
        f"{latest.get_axis_display().capitalize()} stands as {latest.get_value_display()} since "
        f"{since:%Y-%m-%d %H:%M}. A status dated before that would change nothing; enter the time after it at "
        "which the person said so."
    )


def infusion_began(actor: User, participant: Participant, at: datetime, *, origin: str = Origin.FORM) -> Status:
    """Record that the infusion began, and open the windows counted from it.

    Called again with another time it corrects the first. A start without consent or eligibility is
    recorded, and raises a deviation; one that the corrected time leaves no ground for is closed as void.
    """
    with audited(actor, "infusion began"):
        status = _dated(actor, participant, (Status.Value.STARTED,), Status.Value.STARTED, at, "", origin)
        consented_at, zone = queries.consented_at(participant), participant.site.zone
        judged = (
            consent_deviation("The infusion", at, consented_at, zone),
            eligibility_deviation(admission(participant, at)),
        )
        standing = [found for found in judged if found is not None]
        why = "the start of the infusion was corrected."
        emit("deviations.judged", actor=actor, source=status, standing=standing, why=why)
        for found in standing:
            report(actor, participant, found, occurred_at=at, source=status)
        refresh_windows(actor, participant)
    return status


def admission(participant: Participant, at: datetime) -> Verdict:
    """Whether the participant was admitted to the infusion at an instant; consent is judged apart."""
    return judge_order("infusion", replace(queries.progress_of(participant, by=at), consented_at=at))


def infusion_ended(
    actor: User,
    participant: Participant,
    at: datetime,
    *,
    completed: bool,
    reason: str,
    origin: str = Origin.FORM,
) -> Status:
    """Record that the infusion ended; follow-up goes on and every visit stays due.

    An end before the full time needs a reason (RecordError). Called again it corrects the first end, and the
    follow-up that began with it.
    """
    with audited(actor, "infusion ended"):
        for end in _ends(participant):
            _move_follow_up(actor, participant, end.occurred_at, at)
        status = _dated(actor, participant, ENDS, ENDS[0] if completed else ENDS[1], at, reason, origin)
        if queries.current_status(participant, Status.Axis.FOLLOW_UP) is None:
            put_status(actor, participant, Status.Axis.FOLLOW_UP, Status.Value.ACTIVE, occurred_at=at, origin=origin)
        refresh_windows(actor, participant)
    return status


def infusion_reopened(actor: User, participant: Participant, *, reason: str) -> None:
    """Take back the end of an infusion that goes on, and the follow-up that began with it; the trail keeps both."""
    with audited(actor, reason):
        for end in _ends(participant):
            _follow_up_from(participant, end.occurred_at).delete()
            end.delete()
        refresh_windows(actor, participant)


def _ends(participant: Participant) -> QuerySet[Status]:
    return Status.objects.filter(participant=participant, axis=Status.Axis.INFUSION, value__in=ENDS)


def _follow_up_from(participant: Participant, at: datetime) -> QuerySet[Status]:
    """The follow-up that began with an end at an instant."""
    begun = {"axis": Status.Axis.FOLLOW_UP, "value": Status.Value.ACTIVE, "occurred_at": at}
    return Status.objects.filter(participant=participant, **begun)


def _move_follow_up(actor: User, participant: Participant, was_at: datetime, at: datetime) -> None:
    """Date the follow-up that began with the end as the corrected end, unless it was over by then: it never began."""
    if was_at == at:
        return
    own = Status.objects.filter(participant=participant, axis=Status.Axis.FOLLOW_UP)
    begun = _follow_up_from(participant, was_at)
    if own.filter(occurred_at__gte=was_at, occurred_at__lt=at).exclude(pk__in=begun.values("pk")).exists():
        begun.delete()
    for status in begun.all():
        why = "time of the infusion's end corrected"
        amend(status, actor, version=status.version, reason=why, occurred_at=at)


def _dated(
    actor: User,
    participant: Participant,
    known: tuple[str, ...],
    value: str,
    at: datetime,
    reason: str,
    origin: str,
) -> Status:
    """The one infusion status among *known* values: made, left as it is, or corrected."""
    axis = Status.Axis.INFUSION
    before = Status.objects.filter(participant=participant, axis=axis, value__in=known).first()
    if before is None:
        return put_status(actor, participant, axis, value, occurred_at=at, reason=reason, origin=origin)
    if (before.occurred_at, before.value, before.explanation) == (at, value, reason):
        return before
    verdict = judge_status(axis, value, reason)
    if not verdict.ok:
        raise RecordError(verdict.why)
    why = "time of the infusion corrected"
    return amend(before, actor, version=before.version, reason=why, occurred_at=at, value=value, explanation=reason)
