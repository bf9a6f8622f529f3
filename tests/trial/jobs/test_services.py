"""A job is a row first: claimed once, swept when its worker died, published together with its end."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.utils import timezone

from trial.jobs import services
from trial.jobs.models import Job, Lease
from trial.jobs.running import RunningJob

rolled_back = pytest.mark.django_db


def waiting() -> Job:
    return services.enqueue(None, "tests.nothing", {"a": 1}, label="Nothing")


def expire(job: Job) -> None:
    Job.objects.filter(id=job.id).update(lease_until=timezone.now() - timedelta(seconds=1))


@rolled_back
def test_a_waiting_job_is_claimed_once() -> None:
    job = waiting()
    claimed = services.claim(job.id)
    assert claimed is not None
    assert (claimed.state, claimed.attempts) == (Job.State.RUNNING, 1)
    assert services.claim(job.id) is None


@rolled_back
def test_a_job_whose_worker_died_is_claimed_again_and_the_dead_one_may_not_publish() -> None:
    first = services.claim(waiting().id)
    assert first is not None
    expire(first)
    second = services.claim(first.id)
    assert second is not None
    assert second.attempts == 2
    with pytest.raises(services.ClaimLost), RunningJob(first).publishing():
        pass
    with RunningJob(second).publishing():
        pass
    assert Job.objects.get(id=first.id).state == Job.State.DONE


@rolled_back
def test_what_was_published_under_a_lost_claim_is_rolled_back() -> None:
    job = services.claim(waiting().id)
    assert job is not None
    Job.objects.filter(id=job.id).update(claim=uuid4())
    with pytest.raises(services.ClaimLost), RunningJob(job).publishing():
        Lease.objects.create(name="published", holder=uuid4(), until=timezone.now())
    assert not Lease.objects.filter(name="published").exists()


@rolled_back
def test_progress_lengthens_the_lease_and_shows_on_the_row() -> None:
    job = services.claim(waiting().id)
    assert job is not None
    expire(job)
    RunningJob(job).progress(40, "Fitting the mixed models")
    row = Job.objects.get(id=job.id)
    assert (row.percent, row.message) == (40, "Fitting the mixed models")
    assert row.lease_until is not None
    assert row.lease_until > timezone.now()


@rolled_back
def test_a_finished_job_is_never_done_again() -> None:
    job = services.claim(waiting().id)
    assert job is not None
    with RunningJob(job).publishing():
        pass
    assert services.claim(job.id) is None
    assert services.sweep() == []


@rolled_back
def test_the_sweep_sends_again_what_was_lost_and_leaves_what_is_fresh() -> None:
    fresh, lost, dead = waiting(), waiting(), waiting()
    Job.objects.filter(id=lost.id).update(sent_at=timezone.now() - 2 * services.RESEND_AFTER)
    taken = services.claim(dead.id)
    assert taken is not None
    expire(taken)
    assert set(services.sweep()) == {lost.id, dead.id}
    assert fresh.id not in services.sweep()


@rolled_back
def test_a_job_that_kills_its_worker_every_time_ends_as_failed_with_words_for_the_page() -> None:
    job = waiting()
    for _ in range(services.MAX_ATTEMPTS):
        taken = services.claim(job.id)
        assert taken is not None
        expire(taken)
    services.sweep()
    row = Job.objects.get(id=job.id)
    assert row.state == Job.State.FAILED
    assert "died" in row.error
    assert services.claim(job.id) is None


@rolled_back
def test_one_lease_lets_one_process_through_until_it_is_released() -> None:
    holder = services.take_lease("tests.lease", seconds=60)
    assert holder is not None
    assert services.take_lease("tests.lease", seconds=60) is None
    services.release_lease("tests.lease", holder)
    assert Lease.objects.get(name="tests.lease").done_at is not None
    assert services.take_lease("tests.lease", seconds=60) is not None


@rolled_back
def test_a_lease_that_another_process_holds_is_not_released_by_the_first() -> None:
    first = services.take_lease("tests.lease", seconds=60)
    assert first is not None
    Lease.objects.update(holder=uuid4())
    services.release_lease("tests.lease", first)
    assert services.take_lease("tests.lease", seconds=60) is None


@pytest.mark.usefixtures("cloned_orm")
class TestRace:
    """Committed writes from many threads on a database of its own."""

    def claims_of(self, job: Job, contenders: int, claim: Callable[[UUID], Job | None]) -> list[Job]:
        barrier, won = threading.Barrier(contenders), list[Job]()

        def contend() -> None:
            barrier.wait()
            try:
                if (taken := claim(job.id)) is not None:
                    won.append(taken)
            finally:
                connection.close()

        threads = [threading.Thread(target=contend) for _ in range(contenders)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return won

    def test_of_eight_workers_one_gets_the_job(self) -> None:
        for _ in range(10):
            assert len(self.claims_of(waiting(), 8, services.claim)) == 1

    def test_the_same_race_is_lost_by_a_claim_that_looks_before_it_writes(self) -> None:
        def careless(job_id: UUID) -> Job | None:
            job = Job.objects.get(id=job_id)
            if job.state != Job.State.QUEUED:
                return None
            Job.objects.filter(id=job_id).update(state=Job.State.RUNNING)
            return job

        assert any(len(self.claims_of(waiting(), 8, careless)) > 1 for _ in range(20))
