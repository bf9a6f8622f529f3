"""The task that does a job, and the sweep that sends lost ones again."""

from __future__ import annotations

import logging
import traceback
from uuid import UUID

from celery import shared_task

from trial.jobs import services
from trial.jobs.registry import KINDS
from trial.jobs.running import RunningJob, heartbeat

log = logging.getLogger(__name__)


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


@shared_task(name="jobs.sweep")
def sweep() -> None:
    """Send lost jobs again; many beats do no harm, for the lease lets one through."""
    holder = services.take_lease("jobs.sweep", seconds=60)
    if holder is None:
        return
    services.sweep()
    services.release_lease("jobs.sweep", holder)
