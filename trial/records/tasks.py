"""Periodic work on the bookkeeping of forms."""

from __future__ import annotations

from celery import shared_task

from trial.jobs.tasks import periodically
from trial.records import drafts


@shared_task(name="records.tidy")
def tidy() -> None:
    """Forget old drafts and the keys of forms sent long ago."""
    periodically("records.tidy", drafts.tidy)
