"""Whether every lock state says what the last change of its visit, participant or trial says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.db.models import Max, Model

from trial.audit.models import AuditEntry
from trial.audit.queries import row_key
from trial.audit.verification import Finding
from trial.locks.models import LockChange, LockState
from trial.locks.queries import MODELS

SUBJECTS = {"visit": "participants.Visit", "participant": "participants.Participant"}
WORDS = {True: "locked", False: "open", None: "absent"}


def check_states(using: str) -> Iterator[Finding]:
    """Name each state that was changed, made or removed around the changes, which the trail holds for good.

    For `verify_audit`: the states have no entries of their own, so their changes are replayed.
    """
    for kind, model in MODELS.items():
        yield from _check(kind, model, using)


def _check(kind: str, model: type[LockState], using: str) -> Iterator[Finding]:
    states = model._default_manager.using(using)
    there = dict(states.values_list("pk", "is_locked"))
    changes = dict(states.values_list("pk", "change_id"))
    last = last_changes(kind, using)
    expected = dict.fromkeys(_subjects(kind, using), False) | {key: c.is_locked for key, c in last.items()}
    for key in sorted(expected.keys() | there.keys(), key=str):
        found, wanted = there.get(key), expected.get(key)
        change = last.get(key)
        if found != wanted:
            said = f"the state is {WORDS[found]}, but by the changes of the lock it is {WORDS[wanted]}"
        elif changes[key] != (change.pk if change else None):
            said = "the state names another change than the last one"
        else:
            continue
        yield Finding(_entry_of(change, using), model._meta.db_table, row_key(model, key), said)


def _subjects(kind: str, using: str) -> list[Any]:
    """The keys of all that must have a state of a kind."""
    if kind not in SUBJECTS:
        return [1]
    subject: type[Model] = apps.get_model(SUBJECTS[kind])
    return list(subject._base_manager.using(using).values_list("pk", flat=True))


def last_changes(kind: str, using: str) -> dict[Any, LockChange]:
    """The newest change of each visit, participant or the trial, by its primary key."""
    changes = LockChange.objects.using(using).exclude(**{kind: None})
    newest = changes.order_by().values(kind).annotate(newest=Max("pk")).values("newest")
    return {getattr(change, f"{kind}_id"): change for change in changes.filter(pk__in=newest)}


def _entry_of(change: LockChange | None, using: str) -> int | None:
    """The entry that a change left; None without a change."""
    if change is None:
        return None
    entries = AuditEntry.objects.using(using).filter(table_name=LockChange._meta.db_table)
    return entries.filter(row_id=row_key(LockChange, change.pk)).values_list("id", flat=True).first()
