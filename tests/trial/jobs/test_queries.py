"""When a worker counts as hanging: nobody looked for lost jobs, and nobody works."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from trial.jobs import services
from trial.jobs.models import Lease
from trial.jobs.queries import no_work_since

pytestmark = pytest.mark.django_db
SILENCE = timedelta(minutes=2)


def looked(ago: timedelta) -> None:
    at = timezone.now() - ago
    Lease.objects.create(name="jobs.sweep", holder=uuid4(), until=at, done_at=at)


def test_a_site_just_made_does_not_hang() -> None:
    assert not no_work_since(SILENCE)


def test_a_worker_that_looked_lately_does_not_hang() -> None:
    looked(timedelta(minutes=1))
    assert not no_work_since(SILENCE)


def test_a_worker_that_looked_long_ago_and_does_nothing_hangs() -> None:
    looked(timedelta(minutes=3))
    assert no_work_since(SILENCE)


def test_a_worker_busy_with_a_long_job_does_not_hang() -> None:
    looked(timedelta(minutes=3))
    job = services.enqueue(None, "tests.nothing", {}, label="Nothing")
    services.claim(job.id)
    assert not no_work_since(SILENCE)
