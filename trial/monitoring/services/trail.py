"""Writing the review of a stretch of the audit trail. It is written once and never changed."""

from __future__ import annotations

import uuid

from django.db import transaction
from django.utils import timezone

from trial import protocol
from trial.monitoring import trail
from trial.monitoring.models import TrailReview
from trial.monitoring.services.queries import NotYours
from trial.monitoring.trail_rules import next_due
from trial.permissions import may
from trial.records.services import RecordError, content_hash, put
from trial.signatures.models import Signature
from trial.signatures.services import Confirmation, sign
from trial.users.models import Site, User

WAITS_NOT = "These entries wait for no review; perhaps somebody has just reviewed them. Open the page again."


@transaction.atomic
def review_trail(
    actor: User,
    site: Site,
    *,
    to_entry: int,
    findings: str,
    has_findings: bool,
    confirmation: Confirmation | None,
    key: uuid.UUID | None = None,
) -> TrailReview:
    """Write and sign what was found in a site's trail, from the last review up to *to_entry*, which was on the page.

    confirmation: that the actor gave the password; None where the same form was taken before. Raises NotYours,
    RecordError without words or password or for entries that wait for no review, SignatureRefused, AlreadyRecorded
    where somebody else has just reviewed them.
    """
    words = findings.strip()
    if not may(actor, "audit.review", site.pk):
        raise NotYours("A monitor, a data manager or the PI reviews the trail.")
    if not words:
        raise RecordError('Say what you found, also when that is "nothing to follow up".')
    given = {"site": site, "to_entry": to_entry, "findings": words, "has_findings": has_findings}
    digest = content_hash(given)
    known = TrailReview.objects.filter(entered_by=actor, key=key).first() if key else None
    if known is not None and known.content_hash == digest:
        return known
    period = trail.period_of(site)
    if period is None or not period.from_entry <= to_entry <= period.to_entry:
        raise RecordError(WAITS_NOT)
    if confirmation is None:
        raise RecordError("A review is closed with a signature: give your password.")
    found = trail.review(site, period.from_entry, to_entry)
    last = trail.entries_of(site, period.from_entry, to_entry).order_by("-id").values_list("at", flat=True)[0]
    written = put(
        TrailReview,
        actor,
        key=key,
        reason="audit trail reviewed",
        digest=digest,
        site_id=site.pk,
        protocol_version=protocol.FIRST,
        from_entry=period.from_entry,
        to_entry=to_entry,
        from_at=period.from_at,
        to_at=trail.when(last),
        counts=found.numbers(),
        findings=words,
        has_findings=has_findings,
        next_due=next_due(timezone.now().astimezone(site.zone).date()),
    )
    sign(actor, subject=written, meaning=Signature.Meaning.REVIEWED, confirmation=confirmation)
    return written
