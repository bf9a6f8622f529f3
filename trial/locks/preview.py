"""What stands in the way of a lock, and what should be known before it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from trial.locks.models import LockState, ParticipantLock, VisitLock
from trial.records.events import emit


@dataclass
class Preview:
    """Sentences: *hindrances* refuse the lock; *warnings* are said and leave the decision to who locks."""

    hindrances: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def hinder(self, words: str) -> None:
        """Say what the lock has to wait for."""
        self.hindrances.append(words)

    def warn(self, words: str) -> None:
        """Say what will stay as it is behind the lock."""
        self.warnings.append(words)


def preview_of(state: LockState) -> Preview:
    """Ask every app what it holds against locking this, or wants known before."""
    found = Preview()
    visit: Any = state.visit if isinstance(state, VisitLock) else None
    participant: Any = visit.participant if visit is not None else None
    if isinstance(state, ParticipantLock):
        participant = state.participant
    emit("lock.considered", preview=found, participant=participant, visit=visit)
    return found
