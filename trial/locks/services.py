"""Locking visits, participants and the trial, and unlocking them by two people."""

from __future__ import annotations

from typing import Any

from django.db.models import Max

from trial.audit.context import audited
from trial.audit.models import AuditEntry
from trial.locks import queries, wording
from trial.locks.models import LockChange, LockState, UnlockDecision, UnlockRequest
from trial.locks.preview import preview_of
from trial.permissions import sites_permitting
from trial.records.services import RecordError
from trial.signatures.models import Signature
from trial.signatures.services import Confirmation, sign
from trial.users.models import Site, User


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
        _require_everywhere(actor, state, "locks.freeze")
        if found := preview_of(state).hindrances:
            raise LockRefused(f"{wording.subject_of(state)} cannot be locked now. {' '.join(found)}")
        return put(actor, state, is_locked=True, reason=reason)


def put(actor: User, state: LockState, *, is_locked: bool, reason: str, **more: Any) -> LockChange:
    """Keep a change of a held state, inside an open audited block; the database makes the state follow it."""
    last = AuditEntry.objects.aggregate(last=Max("id"))["last"] or 0
    return LockChange.objects.create(
        **_about(state), is_locked=is_locked, by=actor, reason=reason.strip(), last_entry=last, **more
    )


def request_unlock(
    actor: User, state: LockState, *, reason: str, confirmation: Confirmation, site: Site
) -> UnlockRequest:
    """Ask for a lock to be undone, with a reason and the actor's signature; raises LockRefused, SignatureRefused.

    confirmation: that the actor gave the password (trial.signatures.services.confirm), for the one signature.
    """
    if not reason.strip():
        raise LockRefused("Say why it has to be unlocked; the reason is kept with the request.")
    with audited(actor, reason):
        held = queries.hold_state(queries.kind_of(state), state.pk)
        if not held.is_locked or held.change is None:
            raise LockRefused(f"{wording.subject_of(held)} is not locked any more. Nothing has to be unlocked.")
        if (waiting := queries.waiting_request(held)) is not None:
            raise LockRefused(f"{waiting.by} has asked for this already; somebody else can allow it.")
        request = UnlockRequest.objects.create(**_about(held), lock=held.change, reason=reason.strip(), by=actor)
        sign(actor, subject=request, meaning=Signature.Meaning.ENTERED, site=site, confirmation=confirmation)
    return request


def allow_unlock(actor: User, request: UnlockRequest, *, confirmation: Confirmation, site: Site) -> LockChange:
    """Open a lock that somebody else asked to open, with the actor's signature, in this one transaction.

    Raises LockRefused for the person who asked and for a request that is decided, SignatureRefused.
    """
    if request.by_id == actor.pk:
        raise LockRefused("You asked for this yourself. Unlocking takes two people: somebody else has to allow it.")
    with audited(actor, f"unlocking allowed: {request.reason}"):
        state = queries.hold_state(request.kind, request.state.pk)
        _require_everywhere(actor, state, "locks.allow")
        _require_waiting(state, request)
        decision = UnlockDecision.objects.create(request=request, is_allowed=True, by=actor)
        sign(actor, subject=decision, meaning=Signature.Meaning.APPROVED, site=site, confirmation=confirmation)
        return put(actor, state, is_locked=False, reason=request.reason, decision=decision)


def refuse_unlock(actor: User, request: UnlockRequest, *, words: str) -> UnlockDecision:
    """Refuse a request, or take one's own back, with words; it stays locked. Raises LockRefused."""
    if not words.strip():
        raise LockRefused("Say why it stays locked; who asked will read it.")
    with audited(actor, f"unlocking refused: {words}"):
        _require_waiting(queries.hold_state(request.kind, request.state.pk), request)
        return UnlockDecision.objects.create(request=request, is_allowed=False, words=words.strip(), by=actor)


def lacking(actor: User, state: LockState, action: str) -> str:
    """Where somebody lacks the right to what concerns every site, in words; empty for nowhere, and for one person."""
    if queries.kind_of(state) != "trial":
        return ""
    left_out = queries.sites_left_out(sites_permitting(actor, action))
    return f"You do not hold this right at {', '.join(map(str, left_out))}; it concerns every site." if left_out else ""


def _require_everywhere(actor: User, state: LockState, action: str) -> None:
    """Refuse what concerns every site to somebody who lacks the right at one."""
    if words := lacking(actor, state, action):
        raise LockRefused(words)


def _require_waiting(state: LockState, request: UnlockRequest) -> None:
    """Refuse what is decided, under the held state, so that of two deciders one finds it so."""
    decided = UnlockDecision.objects.filter(request=request).select_related("by").first()
    if decided is not None:
        verb = "allowed" if decided.is_allowed else "refused"
        raise LockRefused(f"{decided.by} has {verb} this already. Nothing was changed.")


def _about(state: LockState) -> dict[str, LockState]:
    """A state as the one of three columns that names it."""
    return {queries.kind_of(state): state}
