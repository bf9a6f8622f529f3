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


def since(change: LockChange | None) -> str:
    """When and by whom, in the time that the page shows; without a change, somebody went round the triggers."""
    if change is None:
        return "although nobody locked it; tell the administrator (manage.py verify_audit)"
    return f"since {timezone.localtime(change.at):%Y-%m-%d %H:%M} by {change.by}"


def closed(state: LockState) -> str:
    """That something is locked, and since when, as a sentence begins."""
    verb = "is frozen" if queries.kind_of(state) == "trial" else "is locked"
    return f"{subject_of(state)} {verb} {since(state.change)}"


def said_of(state: LockState) -> str:
    """A lock that stands in one sentence, for the top of a page."""
    return f"{closed(state)}{f': {state.change.reason}' if state.change else ''}."


def words_of(kind: str, key: str) -> str:
    """What is locked, since when, by whom and how it is unlocked."""
    state = queries.get_state(kind, 1 if kind == "trial" else UUID(key))
    if not state.is_locked:  # unlocked in the meantime
        return f"{subject_of(state)} was locked a moment ago. Send it again."
    return f"{closed(state)}, so nothing was changed. {HOW} {STILL}"
