"""Named reads of jobs and leases."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

from trial.jobs.models import Job, Lease

SILENT_AFTER = timedelta(minutes=5)


def sweeper_silent_since() -> datetime | None:
    """Return when lost jobs were last looked for, if that is over five minutes ago; None while all is well."""
    lease = Lease.objects.filter(name="jobs.sweep").first()
    if lease is None or lease.done_at is None:
        return None
    return lease.done_at if timezone.now() - lease.done_at > SILENT_AFTER else None


def no_work_since(silence: timedelta) -> bool:
    """Whether lost jobs were last looked for longer ago than *silence* while nobody works on any job.

    A site that never looked, because it was just made, does not count.
    """
    now = timezone.now()
    looked = Lease.objects.filter(name="jobs.sweep", done_at__lt=now - silence).exists()
    return looked and not Job.objects.filter(state=Job.State.RUNNING, lease_until__gt=now).exists()
