"""The task that does a job, and the periodic tasks: each takes a lease, so that several clocks do no harm."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from uuid import UUID

from celery import shared_task
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore

from trial.audit.services import seal as seal_audit
from trial.jobs import services
from trial.jobs.registry import KINDS
from trial.jobs.running import RunningJob, heartbeat

log = logging.getLogger(__name__)

# Longer than the work takes: a process that dies at it holds the others up no longer than this.
LEASE_SECONDS = 2 * settings.JOB_LEASE_SECONDS


@shared_task(name="jobs.run")
def run(job_id: str) -> None:
    """Do one job, if nobody else does; what it raises ends it as failed, with the reason on the page."""
    job = services.claim(UUID(job_id))
    if job is None:
        return
    try:
        with heartbeat(job):
            KINDS[job.kind](RunningJob(job))
    except services.ClaimLost as lost:
        log.warning("%s", lost)
    except Exception as fault:
        log.exception("job %s of kind %s failed", job.id, job.kind)
        services.fail(job, "".join(traceback.format_exception_only(fault)).strip())


def periodically(name: str, work: Callable[[], object]) -> None:
    """Do *work* unless another process is at it."""
    holder = services.take_lease(name, seconds=LEASE_SECONDS)
    if holder is not None:
        work()
        services.release_lease(name, holder)


@shared_task(name="jobs.sweep")
def sweep() -> None:
    """Send lost jobs again."""
    periodically("jobs.sweep", services.sweep)


@shared_task(name="sessions.tidy")
def tidy_sessions() -> None:
    """Forget the sessions that have ended."""
    periodically("sessions.tidy", SessionStore.clear_expired)


@shared_task(name="audit.seal")
def seal() -> None:
    """Seal what was written to the audit trail."""
    periodically("audit.seal", seal_audit)
