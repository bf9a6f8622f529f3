"""Named reads of lock states and of the changes that made them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.shortcuts import get_object_or_404

from trial.locks.models import LockChange, LockState, ParticipantLock, TrialLock, UnlockRequest, VisitLock
from trial.users.models import Site

TRIAL = 1
MODELS: dict[str, type[LockState]] = {"visit": VisitLock, "participant": ParticipantLock, "trial": TrialLock}
ABOUT = {"visit": ("visit__participant__site",), "participant": ("participant__site",), "trial": ()}


def kind_of(state: LockState) -> str:
    """What a state is of: visit, participant or trial."""
    return next(kind for kind, model in MODELS.items() if isinstance(state, model))


def states(kind: str) -> QuerySet[LockState]:
    """Every state of a kind, with the change that made it and what it is about."""
    return MODELS[kind]._default_manager.select_related("change__by", *ABOUT[kind])


def get_state(kind: str, key: Any) -> LockState:
    """The state of a visit, a participant or the trial by its primary key; raises the model's DoesNotExist."""
    return states(kind).get(pk=key)


def find_state(sites: Collection[UUID], kind: str, study_id: str = "", code: str = "") -> LockState:
    """The state that an address names, at one of *sites*; another site's and a missing one are the same Http404."""
    if kind == "trial":
        return get_state(kind, 1)
    whose = "visit__participant" if kind == "visit" else "participant"
    named = {f"{whose}__site_id__in": sites, f"{whose}__study_id": study_id}
    return get_object_or_404(states(kind), **named, **({"visit__code": code} if kind == "visit" else {}))


def hold_state(kind: str, key: Any) -> LockState:
    """The same as `get_state`, held until the open transaction ends: it waits for every write that is open on it."""
    MODELS[kind]._default_manager.select_for_update().get(pk=key)
    return get_state(kind, key)


def states_on(participant: Any, visit: Any = None) -> list[LockState]:
    """What decides whether a visit, or else a participant, may be written: its state, the person's, the trial's."""
    keys = [("visit", visit.pk)] if visit is not None else []
    return [get_state(kind, key) for kind, key in [*keys, ("participant", participant.pk), ("trial", 1)]]


def locks_on(participant: Any, visit: Any = None) -> list[LockState]:
    """What is locked of a visit, its participant and the trial, in that order; empty where all may be written."""
    return [state for state in states_on(participant, visit) if state.is_locked]


def locked_visits(visits: Collection[UUID]) -> frozenset[UUID]:
    """Which of the visits are locked themselves, by primary key."""
    return frozenset(VisitLock.objects.filter(pk__in=visits, is_locked=True).values_list("pk", flat=True))


def locked_among(participants: Collection[UUID], visits: Collection[UUID]) -> frozenset[UUID | int | None]:
    """Which of these participants and visits are locked, by primary key, with TRIAL where all are frozen."""
    persons = ParticipantLock.objects.filter(pk__in=participants, is_locked=True).values_list("pk", flat=True)
    whole = TrialLock.objects.filter(is_locked=True).values_list("pk", flat=True)
    return frozenset(persons) | locked_visits(visits) | frozenset(whole)


def freeze_in_force(*, using: str = "default") -> LockChange | None:
    """The freeze of the trial that stands now, or None: what final reports run on."""
    state = TrialLock.objects.using(using).select_related("change__by").get(pk=1)
    return state.change if state.is_locked else None


def requests_at(sites: Collection[UUID]) -> QuerySet[UnlockRequest]:
    """Requests to unlock at the sites; one about the whole trial is everybody's."""
    here = Q(trial__isnull=False)
    here |= Q(participant__participant__site_id__in=sites) | Q(visit__visit__participant__site_id__in=sites)
    related = ("by", "lock__by", "trial", "participant__participant__site", "visit__visit__participant__site")
    return UnlockRequest.objects.filter(here).select_related(*related)


def waiting_requests(sites: Collection[UUID]) -> QuerySet[UnlockRequest]:
    """Requests at the sites that nobody has decided, the oldest first."""
    return requests_at(sites).filter(decision=None)


def waiting_request(state: LockState) -> UnlockRequest | None:
    """The request to undo the lock that stands, which nobody has decided yet."""
    rows = UnlockRequest.objects.filter(lock=state.change, decision=None)
    return rows.select_related("by").first()


def participants_with_visits(sites: Collection[UUID]) -> QuerySet[LockState]:
    """The states of all participants at the sites with the visits of each, by study id."""
    rows: Any = states("participant")
    there = rows.filter(participant__site_id__in=sites).order_by("participant__study_id")
    found: QuerySet[LockState] = there.prefetch_related("participant__visits__lock")
    return found


def sites_left_out(sites: Collection[UUID]) -> list[Site]:
    """The sites, but for practice, that are not among these: who freezes the trial holds the right at all."""
    return list(Site.objects.filter(is_practice=False).exclude(pk__in=sites).order_by("code"))
