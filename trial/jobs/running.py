"""A job while a worker does it: progress, a heartbeat that keeps the lease, and the publishing end."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from trial.jobs import services
from trial.jobs.models import Job

log = logging.getLogger(__name__)

HEARTBEAT_SECONDS = settings.JOB_LEASE_SECONDS / 4


class RunningJob:
    """What the work of a job is given."""

    def __init__(self, row: Job) -> None:
        self.row = row
        self.payload: dict[str, Any] = row.payload

    def progress(self, percent: int, message: str) -> None:
        """Show how far the work is (0-99) and what it does now; raises ClaimLost."""
        services.report_progress(self.row, percent, message)

    @contextmanager
    def publishing(self) -> Iterator[None]:
        """One transaction for the result and the end of the job: both or neither; raises ClaimLost."""
        with transaction.atomic():
            yield
            services.finish(self.row)


@contextmanager
def heartbeat(job: Job) -> Iterator[None]:
    """Renew the job's lease from a thread of its own while the work runs."""
    over = threading.Event()
    beating = threading.Thread(target=beat, args=(job, over), daemon=True)
    beating.start()
    try:
        yield
    finally:
        over.set()
        beating.join()


def beat(job: Job, over: threading.Event) -> None:
    """Renew until *over*; a database that does not answer is tried again at the next beat."""
    try:
        while not over.wait(HEARTBEAT_SECONDS):
            try:
                services.renew(job)
            except services.ClaimLost:
                return
            except Exception as broken:  # the work goes on; the lease is what decides
                log.warning("heartbeat of job %s: %s", job.id, type(broken).__name__)
    finally:
        connection.close()
