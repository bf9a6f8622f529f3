"""Writes about contact details: record, correct, erase, and access by breaking the glass."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import connection
from django.utils import timezone

from trial.audit.context import audited
from trial.contacts import envelope, queries
from trial.contacts.details import Details
from trial.contacts.models import BreakGlass, Contact, ContactIndex
from trial.participants.models import Participant
from trial.records.models import Origin
from trial.records.services import ReasonRequired, RecordError, amend, content_hash, put
from trial.users.models import User

GLASS_STAYS_BROKEN = timedelta(minutes=60)
SHORTEST_REASON = 10
ERASED = "The contact details were erased for good. Nothing new can be recorded about this participant."

log = logging.getLogger(__name__)


def record_contact(
    actor: User, participant: Participant, details: Details, *, key: uuid.UUID | None = None, origin: str = Origin.FORM
) -> Contact:
    """Encrypt and keep how to reach a participant.

    Raises RecordError for empty details, AlreadyRecorded where there are some, KeyReused, ValidationError.
    """
    _require_some(details)
    data_key, plain = envelope.new_data_key(), details.to_json()
    digest = envelope.digest(plain)
    with audited(actor, "contact details recorded"):
        contact = put(
            Contact,
            actor,
            key=key,
            reason="contact details recorded",
            digest=content_hash({"participant": participant, "digest": digest}),
            site_id=participant.site_id,
            participant=participant,
            protocol_version=participant.protocol_version,
            origin=origin,
            wrapped_key=envelope.wrap(data_key, site=participant.site_id, participant=participant.pk),
            key_id=envelope.key_id(),
            sealed=envelope.encrypt(plain, data_key, participant=participant.pk),
            details_digest=digest,
        )
        if not contact.is_repeat:
            _index(contact, details)
    return contact


def correct_contact(actor: User, contact: Contact, details: Details, *, version: int, reason: str) -> Contact:
    """Replace the details; the trail keeps that they changed, when, by whom and why, not what they were.

    Raises RecordError after their erasure and for empty details, StaleRecord, ReasonRequired.
    """
    _require_some(details)
    if contact.erased_at is not None:
        raise RecordError(ERASED)
    plain = details.to_json()
    sealed = envelope.encrypt(plain, queries.data_key_of(contact), participant=contact.participant_id)
    digest = envelope.digest(plain)
    with audited(actor, reason.strip() or "corrected"):
        saved = amend(contact, actor, version=version, reason=reason, sealed=sealed, details_digest=digest)
        _index(saved, details)
    return saved


def erase_contact(actor: User, contact: Contact, *, version: int, reason: str) -> Contact:
    """Destroy the data key and what it opened; nothing brings the details back. Raises StaleRecord, ReasonRequired."""
    if not reason.strip():
        raise ReasonRequired("Say why the contact details are erased, for example at whose request.")
    if contact.erased_at is not None:
        return contact
    _overwrite_what_is_deleted()
    with audited(actor, reason):
        ContactIndex.objects.filter(contact=contact).delete()
        return amend(
            contact,
            actor,
            version=version,
            reason=reason,
            wrapped_key=None,
            sealed=None,
            details_digest="",
            erased_at=timezone.now(),
        )


def break_glass(
    actor: User, participant: Participant, *, reason: str, key: uuid.UUID | None = None, at: datetime | None = None
) -> BreakGlass:
    """Open the contact details of a participant to *actor* for an hour; raises RecordError without a real reason."""
    words, opened_at = reason.strip(), at or timezone.now()
    if len(words) < SHORTEST_REASON:
        raise RecordError("Say in a few words why you need the contact details now; this is reviewed afterwards.")
    access = put(
        BreakGlass,
        actor,
        key=key,
        reason=f"break-glass access: {words}",
        digest=content_hash({"participant": participant, "reason": words}),
        site_id=participant.site_id,
        participant=participant,
        protocol_version=participant.protocol_version,
        need=words,
        opened_at=opened_at,
        ends_at=opened_at + GLASS_STAYS_BROKEN,
    )
    log.warning("break-glass access: %s to the contact details of %s", actor.get_username(), participant)
    return access


def review_access(actor: User, access: BreakGlass, *, review: str) -> BreakGlass:
    """Close a break-glass access with what its review found; raises RecordError for one's own and a closed one."""
    if not review.strip():
        raise RecordError("Say what the review found.")
    with audited(actor, "break-glass access reviewed"):
        locked = BreakGlass.objects.select_for_update().get(pk=access.pk)
        if locked.entered_by_id == actor.pk:
            raise RecordError("Nobody reviews their own access; ask another reviewer.")
        if locked.reviewed_at is not None:
            raise RecordError(f"{locked.reviewed_by} has already reviewed this access: {locked.review}")
        return amend(
            locked,
            actor,
            version=locked.version,
            reason="break-glass access reviewed",
            reviewed_at=timezone.now(),
            reviewed_by=actor,
            review=review.strip(),
        )


def rewrap(contacts: Iterable[Contact]) -> int:
    """Wrap data keys anew under the key in use, where an older one wraps them; returns how many.

    Raises KeyMissing where no key of settings.CONTACT_KEYS opens one.
    """
    done = 0
    for contact in contacts:
        if contact.wrapped_key is None or contact.key_id == envelope.key_id():
            continue
        data_key, details = queries.data_key_of(contact), queries.details_of(contact)
        with audited("system:contact keys", "wrapped under a new key"):
            contact.wrapped_key = envelope.wrap(data_key, site=contact.site_id, participant=contact.participant_id)
            contact.key_id, contact.details_digest = envelope.key_id(), envelope.digest(details.to_json())
            contact.version += 1
            contact.save(update_fields=["wrapped_key", "key_id", "details_digest", "version"])
            _index(contact, details)
        done += 1
    return done


def _require_some(details: Details) -> None:
    if details == Details():
        raise RecordError("Enter at least a name or a number.")


def _index(contact: Contact, details: Details) -> None:
    """Keep by what the participant is found now, and nothing of before."""
    ContactIndex.objects.filter(contact=contact).delete()
    values = {envelope.blind_index(kind, term) for kind, term in details.search_terms()}
    ContactIndex.objects.bulk_create([ContactIndex(contact=contact, value=value) for value in sorted(values)])


def _overwrite_what_is_deleted() -> None:
    """Let SQLite overwrite the old bytes of what this connection changes from now on."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA secure_delete = ON")
