"""A query by its verbs: raise, answer, close, reopen, withdraw. None of them touches clinical data."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import transaction
from django.utils import timezone

from trial.audit.context import audited
from trial.monitoring import queries
from trial.monitoring.models import DataQuery, QueryMessage
from trial.monitoring.rules import Verb, after
from trial.monitoring.subjects import knows_field, participant_of, visit_of
from trial.permissions import may
from trial.records.services import RecordError, amend, content_hash, put, repeated
from trial.users.models import User

VERBS = QueryMessage.Verb


class NotYours(RecordError):
    """Somebody else has to do this; the message says who."""


@transaction.atomic
def raise_query(
    actor: User, *, subject: Any, question: str, field: str = "", key: uuid.UUID | None = None
) -> DataQuery:
    """Ask about a record, a visit or a participant, or about one field of it.

    Raises NotYours, RecordError without words or for a field it does not have, KeyReused.
    """
    participant, text = participant_of(subject), question.strip()
    if not may(actor, "queries.raise", subject.site_id):
        raise NotYours("A monitor, a data manager or the PI raises queries.")
    if not text:
        raise RecordError("Say what is in question.")
    if field and not knows_field(subject, field):
        raise RecordError(f"The record has no field '{field}'; ask about the whole record.")
    about = {"subject_table": subject._meta.label_lower, "subject_id": subject.pk, "field": field}
    query = put(
        DataQuery,
        actor,
        key=key,
        reason="query raised",
        digest=content_hash({**about, "question": text}),
        site_id=subject.site_id,
        participant=participant,
        visit=visit_of(subject),
        protocol_version=participant.protocol_version,
        subject_version=subject.version,
        question=text,
        **about,
    )
    if not query.is_repeat:
        say(actor, query, VERBS.RAISED, text)
    return query


def say(
    actor: User,
    query: DataQuery,
    verb: str,
    words: str,
    *,
    key: uuid.UUID | None = None,
    correction: int | None = None,
) -> QueryMessage:
    """Add a message to a query's thread, under the state the query is in now."""
    return put(
        QueryMessage,
        actor,
        key=key,
        reason=f"query {verb}",
        digest=digest_of(query, verb, words, correction),
        site_id=query.site_id,
        protocol_version=query.protocol_version,
        query=query,
        verb=verb,
        words=words,
        state=query.state,
        correction=correction,
    )


def digest_of(query: DataQuery, verb: str, words: str, correction: int | None) -> str:
    """What tells a form sent twice from another one under the same key."""
    return content_hash({"query": query.pk, "verb": verb, "words": words, "correction": correction})


def _move(
    actor: User,
    query: DataQuery,
    verb: Verb,
    words: str,
    *,
    version: int,
    key: uuid.UUID | None,
    correction: int | None = None,
    **values: Any,
) -> DataQuery:
    """Bring a query to the state that a verb leads to, with its message; once per key.

    Raises RecordError without words or from a state that does not allow it, StaleRecord, KeyReused.
    """
    text = words.strip()
    if not text:
        raise RecordError("Say it in a few words; they stay in the thread.")
    if key is not None and repeated(QueryMessage, actor, key, digest_of(query, verb, text, correction)):
        return DataQuery.objects.get(pk=query.pk)
    with audited(actor, f"query {verb}"):
        current = DataQuery.objects.select_for_update().get(pk=query.pk)
        state = after(current.state, verb)  # type: ignore[arg-type]
        if state is None:
            raise RecordError(f"This query is {current.get_state_display()}; it cannot be {verb} now. Open it again.")
        reason = f"query {verb}: {text}"
        saved = amend(current, actor, version=version, reason=reason, state=state, correction=correction, **values)
        say(actor, saved, verb, text, key=key, correction=correction)
    return saved


@transaction.atomic
def answer(
    actor: User,
    query: DataQuery,
    *,
    version: int,
    words: str,
    correction: int | None = None,
    key: uuid.UUID | None = None,
) -> DataQuery:
    """Answer a query; *correction* is the trail's entry of the change of value that answers it, if one does.

    Raises NotYours, RecordError, StaleRecord, KeyReused.
    """
    if not queries.may_answer(actor, query):
        raise NotYours("A coordinator answers, or whoever may record such data.")
    if correction is not None and correction not in {line.entry_id for line in queries.corrections_since(query)}:
        raise RecordError("That is no correction of this record since the query was raised. Choose another.")
    return _move(actor, query, "answered", words, version=version, key=key, correction=correction, answered_by=actor)


@transaction.atomic
def close(actor: User, query: DataQuery, *, version: int, reason: str, key: uuid.UUID | None = None) -> DataQuery:
    """Close a query with a reason. Who answered it last cannot accept the answer.

    Raises NotYours, RecordError, StaleRecord, KeyReused.
    """
    if not may(actor, "queries.close", query.site_id):
        raise NotYours("A monitor or a data manager closes queries.")
    if query.answered_by_id == actor.pk:
        raise NotYours("You gave the answer; another monitor or data manager closes this query.")
    kind = DataQuery.Outcome.ACCEPTED if query.correction is None else DataQuery.Outcome.CORRECTED
    return _end(actor, query, "closed", kind, version=version, reason=reason, key=key, correction=query.correction)


@transaction.atomic
def withdraw(actor: User, query: DataQuery, *, version: int, reason: str, key: uuid.UUID | None = None) -> DataQuery:
    """Take a query back that should not have been raised: by who raised it, a monitor or a data manager.

    Raises NotYours, RecordError, StaleRecord, KeyReused.
    """
    is_own = query.entered_by_id == actor.pk and may(actor, "queries.raise", query.site_id)
    if not (is_own or may(actor, "queries.close", query.site_id)):
        raise NotYours("Who raised a query, a monitor or a data manager withdraws it.")
    return _end(actor, query, "withdrawn", DataQuery.Outcome.WITHDRAWN, version=version, reason=reason, key=key)


def _end(
    actor: User,
    query: DataQuery,
    verb: Verb,
    outcome: str,
    *,
    version: int,
    reason: str,
    key: uuid.UUID | None,
    correction: int | None = None,
) -> DataQuery:
    return _move(
        actor,
        query,
        verb,
        reason,
        version=version,
        key=key,
        correction=correction,
        outcome=outcome,
        closing_reason=reason.strip()[:300],
        closed_at=timezone.now(),
        closed_by=actor,
    )


@transaction.atomic
def reopen(actor: User, query: DataQuery, *, version: int, reason: str, key: uuid.UUID | None = None) -> DataQuery:
    """Ask again: the answer does not settle it, or it was closed too early.

    Raises NotYours, RecordError, StaleRecord, KeyReused.
    """
    if not may(actor, "queries.close", query.site_id):
        raise NotYours("A monitor or a data manager opens a query again.")
    fresh: dict[str, Any] = {"outcome": "", "closing_reason": "", "closed_at": None, "closed_by": None}
    return _move(actor, query, "reopened", reason, version=version, key=key, answered_by=None, **fresh)
