"""The edit checks at work: at a save, after a correction, and in the sweep. Each closes what it raised."""

from __future__ import annotations

import hashlib
import uuid
from typing import Any

from django.db import transaction
from django.utils import timezone

from trial.audit.context import HasUsername, audited
from trial.monitoring import suspects
from trial.monitoring.models import DataQuery, QueryMessage
from trial.monitoring.queries import OPEN, latest_entry
from trial.monitoring.rules import CHECKS, Check, Fault, Surroundings, checks_of, faults
from trial.monitoring.subjects import participant_of, visit_of
from trial.monitoring.surroundings import departure_of, missing_at, recorded, surroundings
from trial.participants.models import Visit
from trial.records.services import check_fields, content_hash

# What a person accepted or took back is not asked again for the same values; what a correction ended may return.
SETTLED = (DataQuery.Outcome.ACCEPTED, DataQuery.Outcome.WITHDRAWN)
SYSTEM = "system:monitoring.sweep"
Actor = HasUsername | str
Found = dict[tuple[str, str], Fault]


def check(actor: Actor, row: Any) -> None:
    """Judge a record just entered by what it says itself; comparisons wait for the sweep: a save stays cheap."""
    if wanted := checks_of(row._meta.label_lower, compares=False):
        _raise_all(actor, row, faults(recorded(row), wanted))


def check_again(actor: Actor, row: Any, why: str) -> None:
    """Judge a corrected record by every check: close what holds no longer, saying *why*, and raise the rest."""
    wanted = checks_of(row._meta.label_lower)
    if not wanted:
        return
    around = _around(row) if any(one.compares for one in wanted) else None
    found = faults(recorded(row, around), wanted)
    _close_ended(actor, row, found, f"Resolved by correction: {why}")
    _raise_all(actor, row, found)


def sweep() -> int:
    """Judge whatever depends on time or on other records; return how many queries were raised or closed.

    Each record is judged in a transaction of its own, so that no save waits for the whole sweep.
    """
    changed = 0
    for rows in suspects.all_of():
        changed += sum(_judge(row) for row in rows)
    return changed


def _judge(row: Any) -> int:
    """Judge one suspect by the checks that compare; a query that holds no longer is closed."""
    around = _around(row)
    with audited(SYSTEM, "edit checks"):
        wanted = checks_of(row._meta.label_lower)
        found = faults(recorded(row, around), wanted)
        closed = _close_ended(SYSTEM, row, found, "Resolved by a correction of what it was compared with")
        return closed + _raise_all(SYSTEM, row, found)


def _around(row: Any) -> Surroundings:
    if not isinstance(row, Visit):
        return surroundings(participant_of(row))
    return Surroundings(missing=missing_at([row]).get(row.pk, ()), departure=departure_of(row))


def fingerprint(code: str, fault: Fault) -> str:
    """What stands for the values a check read, so that an accepted answer is not asked for again."""
    return hashlib.sha256(f"{code}|{fault.field}|{fault.read}".encode()).hexdigest()


def _raise_all(actor: Actor, row: Any, found: Found) -> int:
    """Raise what is neither open at its place nor settled for the same values; return how many."""
    if not found:
        return 0
    about = DataQuery.objects.filter(subject_id=row.pk).exclude(check_code="")
    open_at = {(one.check_code, one.field) for one in about if one.state != DataQuery.State.CLOSED}
    settled = {(one.check_code, one.field, one.fingerprint) for one in about if one.outcome in SETTLED}
    raised = 0
    for (code, field), fault in found.items():
        print_of = fingerprint(code, fault)
        if (code, field) not in open_at and (code, field, print_of) not in settled:
            _raise(actor, row, CHECKS[code], fault, print_of)
            raised += 1
    return raised


def _raise(actor: Actor, row: Any, check: Check, fault: Fault, print_of: str) -> None:
    participant = participant_of(row)
    about = {"subject_table": row._meta.label_lower, "subject_id": row.pk, "field": fault.field}
    with audited(actor, f"edit check: {check.title}"):
        query = DataQuery(
            site_id=row.site_id,
            participant=participant,
            visit=visit_of(row),
            route=DataQuery._meta.label_lower,
            content_hash=content_hash({**about, "question": fault.question}),
            protocol_version=participant.protocol_version,
            origin=row.origin,
            check_code=check.code,
            fingerprint=print_of,
            subject_version=row.version,
            question=fault.question[:500],
            **about,
        )
        check_fields(query)
        query.save(force_insert=True)
        _note(query, QueryMessage.Verb.RAISED, query.question)


def _note(query: DataQuery, verb: str, words: str, correction: int | None = None) -> None:
    """Add what a check says to the thread; nobody is named as its author."""
    message = QueryMessage(
        site_id=query.site_id,
        key=uuid.uuid4(),
        route=QueryMessage._meta.label_lower,
        content_hash=content_hash({"query": query.pk, "verb": verb, "words": words}),
        protocol_version=query.protocol_version,
        origin=query.origin,
        query=query,
        verb=verb,
        words=words[:500],
        state=query.state,
        correction=correction,
    )
    check_fields(message)
    message.save(force_insert=True)


@transaction.atomic
def _close_ended(actor: Actor, row: Any, found: Found, words: str) -> int:
    """Close the open queries of checks about a record that hold no longer; return how many."""
    rows = DataQuery.objects.select_for_update().filter(OPEN, subject_id=row.pk).exclude(check_code="")
    ended = [query for query in rows if (query.check_code, query.field) not in found]
    if not ended:
        return 0
    entry = latest_entry(row)
    for query in ended:
        with audited(actor, words):
            query.state, query.outcome = DataQuery.State.CLOSED, DataQuery.Outcome.CORRECTED
            query.closing_reason, query.closed_at = words[:300], timezone.now()
            query.correction, query.version = entry, query.version + 1
            check_fields(query)
            query.save(force_update=True)
            _note(query, QueryMessage.Verb.CLOSED, words, entry)
    return len(ended)
