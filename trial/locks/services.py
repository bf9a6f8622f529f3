"""Locking visits, participants and the trial."""

from __future__ import annotations

from typing import Any

from django.db.models import Max

from trial.audit.context import audited
from trial.audit.models import AuditEntry
from trial.locks import queries, wording
from trial.locks.models import KINDS, LockChange, LockState
from trial.locks.preview import preview_of
from trial.records.services import RecordError
from trial.users.models import User


class LockRefused(RecordError):
    """It cannot be locked or unlocked as asked; the message says why and what to do."""


def lock_visit(actor: User, visit: Any, *, reason: str) -> LockChange:
    """Lock a visit that was held or missed: its records change no more. Raises LockRefused."""
    return lock(actor, "visit", visit.pk, reason=reason)


def lock_participant(actor: User, participant: Any, *, reason: str) -> LockChange:
    """Lock everything about a participant but what is never locked. Raises LockRefused."""
    return lock(actor, "participant", participant.pk, reason=reason)


def freeze_trial(actor: User, *, reason: str) -> LockChange:
    """Lock the whole trial; final reports run on what stands then. Raises LockRefused."""
    return lock(actor, "trial", 1, reason=reason)


def lock(actor: User, kind: str, key: Any, *, reason: str) -> LockChange:
    """Lock one thing, once every write that is open on it is through; raises LockRefused naming what stands against it.

    On PostgreSQL the state is held while it is looked at what stands against the lock, so nothing can come in between.
    """
    if not reason.strip():
        raise LockRefused("Say why it is locked; the reason is kept with the lock.")
    with audited(actor, reason):
        state = queries.hold_state(kind, key)
        if state.is_locked:
            raise LockRefused(f"{wording.subject_of(state)} is locked already. Nothing was changed.")
        if found := preview_of(state).hindrances:
            raise LockRefused(f"{wording.subject_of(state)} cannot be locked now. {' '.join(found)}")
        return put(actor, state, is_locked=True, reason=reason)


def put(actor: User, state: LockState, *, is_locked: bool, reason: str, **more: Any) -> LockChange:
    """Keep a change of a held state, inside an open audited block; the database makes the state follow it."""
    kind = queries.kind_of(state)
    about = {one: state if one == kind else None for one in KINDS}
    last = AuditEntry.objects.aggregate(last=Max("id"))["last"] or 0
    return LockChange.objects.create(
        **about, is_locked=is_locked, by=actor, reason=reason.strip(), last_entry=last, **more
    )


