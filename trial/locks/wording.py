"""Locks in a reader's words."""

from __future__ import annotations

from uuid import UUID

from django.utils import timezone

from trial import protocol
from trial.locks import queries
from trial.locks.models import LockChange, LockState, ParticipantLock, VisitLock

HOW = "Ask a data manager or the PI to have it unlocked, on its page of locks: that takes two people and a reason."
STILL = "An adverse event, an alert or a deviation can always be recorded."


def subject_of(state: LockState) -> str:
    """What a state is about, such as "Week 2 of STL-0001-4"."""
    if isinstance(state, VisitLock):
        visit = state.visit
        label = protocol.for_version(visit.protocol_version).visits[visit.code].label
        return f"{label} of {visit.participant.study_id}"
    if isinstance(state, ParticipantLock):
        return state.participant.study_id
    return "The whole trial"


def since(change: LockChange) -> str:
    """When and by whom, in the time that the page shows."""
    return f"since {timezone.localtime(change.at):%Y-%m-%d %H:%M} by {change.by}"


def said_of(state: LockState) -> str:
    """A lock in one sentence, for the top of a page."""
    change = state.change
    if change is None:
        return f"{subject_of(state)} is open."
    verb = "is frozen" if change.kind == "trial" else "is locked"
    return f"{subject_of(state)} {verb} {since(change)}: {change.reason}."


def words_of(kind: str, key: str) -> str:
    """What is locked, since when, by whom and how it is unlocked."""
    state = queries.get_state(kind, 1 if kind == "trial" else UUID(key))
    if state.change is None:  # unlocked in the meantime
        return f"{subject_of(state)} was locked a moment ago. Send it again."
    verb = "is frozen" if kind == "trial" else "is locked"
    return f"{subject_of(state)} {verb} {since(state.change)}, so nothing was changed. {HOW} {STILL}"
