"""Background work of safety: messages that are due are ordered by the clock and sent by a job each."""

from __future__ import annotations

from celery import shared_task

from trial.jobs.registry import job_kind
from trial.jobs.running import RunningJob
from trial.jobs.tasks import periodically
from trial.safety.services import accesses, notices


@shared_task(name="safety.notify")
def notify() -> None:
    """Order what is due."""
    periodically("safety.notify", notices.order_due)


@job_kind("safety.notice")
def send_notice(job: RunningJob) -> None:
    """Send one message about an alert."""
    notices.send(job)


@job_kind(accesses.KIND)
def send_access(job: RunningJob) -> None:
    """Tell who reviews it of an exceptional access."""
    accesses.send(job)
