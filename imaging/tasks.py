"""Periodic work on imaging files."""

from __future__ import annotations

from celery import shared_task

from imaging.services import forget_unconfirmed
from trial.jobs.tasks import periodically


@shared_task(name="imaging.tidy")
def tidy() -> None:
    """Remove files that were previewed and never confirmed."""
    periodically("imaging.tidy", forget_unconfirmed)
