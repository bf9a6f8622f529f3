"""Named reads of lock states."""

from __future__ import annotations

from typing import Any

from trial.locks.models import LockState, ParticipantLock, TrialLock, VisitLock

MODELS: dict[str, type[LockState]] = {"visit": VisitLock, "participant": ParticipantLock, "trial": TrialLock}
ABOUT = {"visit": ("visit__participant",), "participant": ("participant",), "trial": ()}


def get_state(kind: str, key: Any) -> LockState:
    """The state of a visit, a participant or the trial by its primary key; raises the model's DoesNotExist."""
    rows = MODELS[kind]._default_manager.select_related("change__by", *ABOUT[kind])
    return rows.get(pk=key)
