"""Exceptional access is told by mail to who reviews it; it stands on their front page until one of them has."""

from __future__ import annotations

import logging
from typing import NamedTuple
from uuid import UUID, uuid4

from django.conf import settings
from django.urls import reverse

from trial.jobs.running import RunningJob
from trial.jobs.services import enqueue, put_off
from trial.permissions import may
from trial.safety import channels
from trial.users.models import Site, User

log = logging.getLogger(__name__)
KIND = "safety.access"
MOST_TRIES = 10


class Exceptional(NamedTuple):
    """A kind of access: what happened in words, the right to review it, and the URL name of the page for that."""

    words: str
    reviewing: str
    page: str


KINDS = {
    "users.EmergencyAccess": Exceptional(
        "signed in with a code of the sealed envelope", "emergency.review", "users:emergency_review"
    ),
    "contacts.BreakGlass": Exceptional("opened contact details by break-glass", "contacts.review", "contacts:review"),
}


def tell(label: str, access_id: UUID, *, person: User, site_id: UUID) -> None:
    """Order the mail about an access that *person* was given, inside the transaction that gives it."""
    site = Site.objects.get(pk=site_id)
    for reviewer in reviewers(site, KINDS[label].reviewing, besides=person):
        payload = {"label": label, "access": str(access_id), "person": str(person.pk), "site": str(site_id)}
        payload |= {"reviewer": str(reviewer.pk), "key": str(uuid4())}
        enqueue(None, KIND, payload, label=f"Mail: {person.full_name} {KINDS[label].words}")


def reviewers(site: Site, right: str, *, besides: User) -> list[User]:
    """Who may review an access at a site, but for who had it."""
    known = User.objects.filter(is_active=True, role_assignments__site=site).exclude(pk=besides.pk)
    return [person for person in known.distinct().order_by("full_name") if may(person, right, site.pk)]


def send(job: RunningJob) -> None:
    """Tell a reviewer, again at a later sweep where the mail server was down; it stands on the front page besides."""
    kind, given = KINDS[job.payload["label"]], job.payload
    site, person = Site.objects.get(pk=given["site"]), User.objects.get(pk=given["person"])
    reviewer = User.objects.get(pk=given["reviewer"])
    subject = f"Site {site.code}: {person.full_name} {kind.words}"
    address = f"{settings.SITE_URL}{reverse(kind.page, args=[given['access']])}"
    asked = "The reason stands on the page. Ask the person what happened, and note what you found:"
    body = f"{subject}.\n\n{asked}\n{address}\n"
    sent = channels.CHANNEL.send(reviewer, subject, body, key=given["key"])
    if not sent.is_handed_over:
        log.warning("%s was not told of an exceptional access: %s", reviewer.get_username(), sent.why)
    tries = int(given.get("tries", 1))
    with job.publishing():
        if sent.may_be_tried_again and tries < MOST_TRIES:
            put_off(KIND, {**given, "tries": tries + 1}, label=job.row.label)
