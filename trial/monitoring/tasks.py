"""The sweep of the edit checks, taken by one clock at a time."""

from __future__ import annotations

from celery import shared_task

from trial.jobs.tasks import periodically
from trial.monitoring.services import sweep as judge


@shared_task(name="monitoring.sweep")
def sweep() -> None:
    """Raise and close what depends on time or on other records."""
    periodically("monitoring.sweep", judge)
