"""Named reads of contact details and of the accesses to them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404

from trial.contacts import envelope
from trial.contacts.details import Details, asked_for
from trial.contacts.models import BreakGlass, Contact
from trial.participants.models import Participant
from trial.participants.queries import participants_at
from trial.users.models import User

MOST_FOUND = 20


def contact_of(participant: Participant) -> Contact | None:
    """What is kept of how to reach a participant, or None."""
    return Contact.objects.select_related("entered_by").filter(participant=participant).first()


def details_of(contact: Contact) -> Details:
    """The details in clear; empty ones after their erasure. Raises KeyMissing where no key opens them."""
    if contact.wrapped_key is None or contact.sealed is None:
        return Details()
    key = data_key_of(contact)
    return Details.of_json(envelope.decrypt(bytes(contact.sealed), key, participant=contact.participant_id))


def data_key_of(contact: Contact) -> bytes:
    """The participant's data key; raises KeyMissing where no key of the site opens it."""
    return envelope.unwrap(bytes(contact.wrapped_key or b""), site=contact.site_id, participant=contact.participant_id)


def find(sites: frozenset[UUID], text: str) -> list[Participant]:
    """The participants of the sites with all parts of a name, or with a number; none for an empty question."""
    found = participants_at(sites).order_by("study_id")
    terms = asked_for(text)
    if not terms:
        return []
    for kind, term in terms:
        found = found.filter(contact__indexes__value=envelope.blind_index(kind, term))
    return list(found[:MOST_FOUND])


def open_access(user: User, participant: Participant, now: datetime) -> BreakGlass | None:
    """The person's break-glass access to a participant that still holds, or None."""
    opened = BreakGlass.objects.filter(entered_by=user, participant=participant, opened_at__lte=now, ends_at__gt=now)
    return opened.order_by("-ends_at").first()


def accesses_at(sites: frozenset[UUID]) -> QuerySet[BreakGlass]:
    """Every break-glass access at the sites: those not reviewed first, then the latest."""
    rows = BreakGlass.objects.filter(site_id__in=sites)
    rows = rows.select_related("participant__site", "entered_by", "reviewed_by")
    return rows.order_by("reviewed_at", "-opened_at")


def unreviewed_at(sites: frozenset[UUID]) -> QuerySet[BreakGlass]:
    """The break-glass accesses that nobody reviewed."""
    return accesses_at(sites).filter(reviewed_at=None)


def access_at(sites: frozenset[UUID], pk: UUID) -> BreakGlass:
    """One break-glass access; another site's and a missing one raise the same Http404."""
    return get_object_or_404(accesses_at(sites), pk=pk)
