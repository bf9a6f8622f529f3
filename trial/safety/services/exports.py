"""Keeping what left the site."""

from __future__ import annotations

import hashlib
from datetime import datetime

from trial.audit.context import audited
from trial.safety.models import SafetyExport
from trial.users.models import User


def record_export(actor: User, *, part: str, sites: str, until: datetime, rows: int, content: bytes) -> SafetyExport:
    """Record that a listing leaves the site as a file, with its hash, before it does."""
    with audited(actor, "listing for a safety board exported"):
        return SafetyExport.objects.create(
            made_by=actor,
            part=part,
            sites=sites[:200],
            until=until,
            rows=rows,
            sha256=hashlib.sha256(content).hexdigest(),
        )
