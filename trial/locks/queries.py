"""Named reads of lock states and of the changes that made them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from trial.locks.models import LockChange, LockState, ParticipantLock, TrialLock, UnlockRequest, VisitLock

MODELS: dict[str, type[LockState]] = {"visit": VisitLock, "participant": ParticipantLock, "trial": TrialLock}
ABOUT = {"visit": ("visit__participant__site",), "participant": ("participant__site",), "trial": ()}


def kind_of(state: LockState) -> str:
    """What a state is of: visit, participant or trial."""
    return next(kind for kind, model in MODELS.items() if isinstance(state, model))


def get_state(kind: str, key: Any) -> LockState:
    """The state of a visit, a participant or the trial by its primary key; raises the model's DoesNotExist."""
    rows = MODELS[kind]._default_manager.select_related("change__by", *ABOUT[kind])
    return rows.get(pk=key)


def hold_state(kind: str, key: Any) -> LockState:
    """The same, held until the open transaction ends: it waits for every write that is open on it."""
    MODELS[kind]._default_manager.select_for_update().get(pk=key)
    return get_state(kind, key)


def locks_on(participant: Any, visit: Any = None) -> list[LockState]:
    """What is locked of a visit, its participant and the trial, in that order; empty where all may be written."""
    keys = [("visit", visit.pk)] if visit is not None else []
    states = (get_state(kind, key) for kind, key in [*keys, ("participant", participant.pk), ("trial", 1)])
    return [state for state in states if state.is_locked]


def locked_visits(visits: Collection[UUID]) -> frozenset[UUID]:
    """Which of the visits are locked themselves, by primary key."""
    return frozenset(VisitLock.objects.filter(pk__in=visits, is_locked=True).values_list("pk", flat=True))


def locked_among(participants: Collection[UUID], visits: Collection[UUID]) -> tuple[bool, frozenset[UUID]]:
    """Whether the trial is frozen, and which of these participants and visits are locked, by primary key."""
    persons = ParticipantLock.objects.filter(pk__in=participants, is_locked=True).values_list("pk", flat=True)
    return freeze_in_force() is not None, frozenset(persons) | locked_visits(visits)


def freeze_in_force(*, using: str | None = None) -> LockChange | None:
    """The freeze of the trial that stands now, or None: what final reports run on."""
    states = TrialLock.objects.using(using) if using else TrialLock.objects
    state = states.select_related("change__by").get(pk=1)
    return state.change if state.is_locked else None


def waiting_request(state: LockState) -> UnlockRequest | None:
    """The request to undo the lock that stands, which nobody has decided yet."""
    rows = UnlockRequest.objects.filter(lock=state.change, decision=None)
    return rows.select_related("by").first()
