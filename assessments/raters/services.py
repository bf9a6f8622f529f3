"""Assigning a rater to a participant, and ending the assignment."""

from __future__ import annotations

from datetime import date

from django.utils import timezone

from assessments.models import RaterAssignment
from assessments.raters.queries import informed
from trial.audit.context import audited
from trial.participants.models import Participant
from trial.permissions import may
from trial.records.services import RecordError
from trial.users.delegation.rules import Span
from trial.users.models import User


class AssignmentRefused(RecordError):
    """A rater cannot be assigned as asked; the message says why and what to do."""


class ActedAtBedside(AssignmentRefused):
    """The person has already entered or signed something about the treatment; a reason has to be given."""


def assign_rater(
    actor: User,
    participant: Participant,
    *,
    user: User,
    starts_on: date,
    ends_on: date | None = None,
    despite: str = "",
) -> RaterAssignment:
    """Assign a person to rate a participant, from a day to a day at the site.

    despite: why, although the person knows the treatment by what was entered or signed. Raises AssignmentRefused, and
    ActedAtBedside where that reason is missing.
    """
    _assert_may(actor, participant)
    if not may(user, "assessments.record", participant.site_id):
        raise AssignmentRefused(
            f"{user.full_name} may not rate at {participant.site.code} today: the role is missing, or its duties are "
            "not delegated. Ask the PI."
        )
    if starts_on < participant.site.today:
        raise AssignmentRefused(f"An assignment begins on {participant.site.today:%Y-%m-%d} at the earliest.")
    if ends_on is not None and ends_on < starts_on:
        raise AssignmentRefused("The last day lies before the first; check both days.")
    knows = informed(participant).get(user.pk, "")
    if knows and not despite.strip():
        raise ActedAtBedside(
            f"{user.full_name} {knows} of {participant.study_id}, and so knows the treatment. Assign somebody else, or "
            "say why it has to be this person."
        )
    with audited(actor, f"{user.username} assigned as rater"):
        Participant.objects.select_for_update().get(pk=participant.pk)
        _assert_new(participant, user, Span(starts_on, ends_on))
        row = RaterAssignment(
            site_id=participant.site_id,
            participant=participant,
            user=user,
            starts_on=starts_on,
            ends_on=ends_on,
            despite=despite.strip() if knows else "",
            assigned_by=actor,
        )
        row.full_clean()
        row.save(force_insert=True)
    return row


def end_assignment(actor: User, assignment: RaterAssignment, *, reason: str) -> RaterAssignment:
    """End an assignment at once; raises AssignmentRefused without a reason or where it is ended already."""
    _assert_may(actor, assignment.participant)
    if not reason.strip():
        raise AssignmentRefused("Say why the assignment ends; the reason is kept with it.")
    with audited(actor, reason):
        row = RaterAssignment.objects.select_for_update().get(pk=assignment.pk)
        if row.ended_at is not None:
            raise AssignmentRefused("This assignment is ended already.")
        row.ended_by, row.ended_at, row.end_reason = actor, timezone.now(), reason.strip()
        row.full_clean(exclude=["site", "participant", "user", "assigned_by"])
        row.save(force_update=True)
    return row


def _assert_may(actor: User, participant: Participant) -> None:
    if not may(actor, "raters.assign", participant.site_id):
        raise AssignmentRefused("Raters are assigned by the PI or a coordinator of the participant's site.")


def _assert_new(participant: Participant, user: User, span: Span) -> None:
    for row in RaterAssignment.objects.filter(participant=participant, user=user, ended_at=None):
        if row.span.meets(span):
            raise AssignmentRefused(
                f"{user.full_name} is assigned in these days already, from {row.starts_on:%Y-%m-%d}. End that first."
            )
