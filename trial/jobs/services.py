"""Making, claiming, sweeping and ending jobs. Every change of state is one compare-and-set."""

from __future__ import annotations

import logging
import uuid
from datetime import timedelta
from typing import Any

from celery import current_app
from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from trial.jobs.models import Job, Lease
from trial.users.models import User

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=settings.JOB_LEASE_SECONDS)
RESEND_AFTER = LEASE
MAX_ATTEMPTS = 5


class ClaimLost(RuntimeError):
    """Another worker has taken the job over: what was about to be published must not be."""


def enqueue(actor: User | None, kind: str, payload: dict[str, Any], *, label: str) -> Job:
    """Make a job in the open transaction and send it once that is committed."""
    job = Job.objects.create(kind=kind, payload=payload, label=label, created_by=actor, message="waiting for a worker")
    transaction.on_commit(lambda: send(job.id))
    return job


def put_off(kind: str, payload: dict[str, Any], *, label: str) -> Job:
    """Make a job in the open transaction that a later sweep sends: another try at what could not be done now."""
    return Job.objects.create(kind=kind, payload=payload, label=label, message="waiting to be tried again")


def send(job_id: uuid.UUID) -> None:
    """Nudge a worker. A broker that does not answer loses nothing: the sweep sends the job again."""
    try:
        current_app.send_task("jobs.run", [str(job_id)], retry=False)
    except Exception as broken:  # any broker library raises its own kind
        log.warning("job %s could not be sent (%s); the sweep will send it again", job_id, type(broken).__name__)


def claim(job_id: uuid.UUID) -> Job | None:
    """Take a waiting job, or one whose worker died; None when it is over or somebody works on it."""
    now, token = timezone.now(), uuid.uuid4()
    free = Q(state=Job.State.QUEUED) | Q(state=Job.State.RUNNING, lease_until__lt=now)
    taken = Job.objects.filter(free, id=job_id, attempts__lt=MAX_ATTEMPTS).update(
        state=Job.State.RUNNING, claim=token, lease_until=now + LEASE, attempts=F("attempts") + 1, percent=0
    )
    return Job.objects.get(id=job_id) if taken else None


def held(job: Job) -> Any:
    """Return the query for *job* as long as this worker holds it."""
    return Job.objects.filter(id=job.id, claim=job.claim, state=Job.State.RUNNING)


def renew(job: Job) -> None:
    """Lengthen the lease; raises ClaimLost when another worker holds the job."""
    if not held(job).update(lease_until=timezone.now() + LEASE):
        raise ClaimLost(f"Job {job.id} was taken over by another worker; its result is not published twice.")


def report_progress(job: Job, percent: int, message: str) -> None:
    """Write how far the job is, as the page shows it; raises ClaimLost."""
    if not held(job).update(percent=percent, message=message[:200], lease_until=timezone.now() + LEASE):
        raise ClaimLost(f"Job {job.id} was taken over by another worker; its progress is not written twice.")


def finish(job: Job) -> None:
    """End the job, inside the transaction that publishes its result; raises ClaimLost, which rolls that back."""
    ended = held(job).update(
        state=Job.State.DONE, percent=100, message="done", finished_at=timezone.now(), lease_until=None
    )
    if not ended:
        raise ClaimLost(f"Job {job.id} was taken over by another worker; its result is not published twice.")


def fail(job: Job, error: str) -> None:
    """End the job as failed, saying why. A fault in the work itself is not tried again."""
    held(job).update(
        state=Job.State.FAILED, error=error[:4000], message="failed", finished_at=timezone.now(), lease_until=None
    )


def sweep() -> list[uuid.UUID]:
    """Send again what lies unclaimed or whose worker died; give up what has died too often. Returns the ids sent."""
    now = timezone.now()
    dead = Q(state=Job.State.RUNNING, lease_until__lt=now)
    waiting = Q(state=Job.State.QUEUED, sent_at__lt=now - RESEND_AFTER)
    Job.objects.filter(dead, attempts__gte=MAX_ATTEMPTS).update(
        state=Job.State.FAILED,
        message="failed",
        error=f"The worker died {MAX_ATTEMPTS} times during this job. Ask whoever runs the server to read its log.",
        finished_at=now,
    )
    lost = list(Job.objects.filter(dead | waiting).values_list("id", flat=True))
    for job_id in lost:
        Job.objects.filter(id=job_id).update(sent_at=now)
        send(job_id)
    return lost


def take_lease(name: str, *, seconds: float) -> uuid.UUID | None:
    """Take the right to do the periodic task *name* now; None while another process holds it."""
    now, holder = timezone.now(), uuid.uuid4()
    until = now + timedelta(seconds=seconds)
    with transaction.atomic():
        if Lease.objects.filter(name=name, until__lt=now).update(holder=holder, until=until):
            return holder
        _, made = Lease.objects.get_or_create(name=name, defaults={"holder": holder, "until": until})
    return holder if made else None


def release_lease(name: str, holder: uuid.UUID) -> None:
    """Give the right back, noting when the task was last done."""
    now = timezone.now()
    Lease.objects.filter(name=name, holder=holder).update(until=now, done_at=now)
