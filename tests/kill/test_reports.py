"""T4: reports are built once and whole, whenever the worker or the whole site is killed."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

import pytest

from tests.kill.conftest import Start
from tests.kill.harness import LEASE_SECONDS, Finished, Gallows, watched
from tests.kill.person import locked, visible
from trial.jobs.services import MAX_ATTEMPTS

KILLS = 10
# The last step, writing the files, is short, and chance alone would hardly meet it.
LAST_STEP = 98

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]


def undisturbed(gallows: Gallows) -> Finished:
    """Content of a report that nobody disturbs."""
    report = gallows.order()
    job = gallows.finish(report)
    assert (job.state, job.attempts) == ("done", 1), gallows.site.log[-4000:]
    return gallows.finished(report)


def kill_often(gallows: Gallows, kill: Callable[[], None]) -> None:
    """Kill KILLS times, each at a random stage of a report that may still be tried again; let all be finished.

    A kill that came when its report was just done broke nothing off, and is not counted.
    """
    report, tries, kills = gallows.order(), 0, 0
    while kills < KILLS:
        stage = LAST_STEP if tries % 5 == 4 else gallows.chance.randrange(LAST_STEP)
        job = gallows.wait(report, lambda job, stage=stage: job.state == "running" and job.percent >= stage)  # type: ignore[misc]
        if job.is_over or job.attempts == MAX_ATTEMPTS:
            gallows.finish(report)
            report = gallows.order()
            continue
        time.sleep(gallows.chance.uniform(0, 0.02 if stage == LAST_STEP else 0.3))
        kill()
        tries += 1
        after = gallows.wait(report, lambda now, before=job: now.attempts > before.attempts)  # type: ignore[misc]
        kills += after.attempts > job.attempts
    for each in gallows.reports:
        gallows.finish(each)


def assert_each_is_done_once(gallows: Gallows, expected: Finished, broken: list[str]) -> None:
    """Every report ordered is published once, whole, and with the content of an undisturbed one."""
    assert broken == []
    for report in gallows.reports:
        job = gallows.job(report)
        assert job.state == "done", (job, gallows.site.log[-4000:])
        assert gallows.publications(report) == 1
        assert gallows.finished(report) == expected


def put_to_sleep(gallows: Gallows) -> int:
    """Stop the process at work between two of its writes, and return it.

    One that sleeps within a write keeps everybody from writing, until the site ends the whole worker for it.
    """
    (sleeper,) = gallows.hands()
    os.kill(sleeper, signal.SIGSTOP)
    while locked(gallows.site.database_url):
        os.kill(sleeper, signal.SIGCONT)
        time.sleep(0.05)
        os.kill(sleeper, signal.SIGSTOP)
    return sleeper


@pytest.mark.endurance
def test_reports_survive_a_worker_that_is_killed(gallows: Start) -> None:
    site = gallows()
    with watched(site.folder) as broken:
        expected = undisturbed(site)
        kill_often(site, site.kill_worker)
    assert sum(site.job(report).attempts for report in site.reports) >= len(site.reports) + KILLS
    assert_each_is_done_once(site, expected, broken)


@pytest.mark.endurance
def test_reports_survive_a_site_that_is_killed_and_started_again(gallows: Start) -> None:
    site = gallows()
    with watched(site.folder) as broken:
        expected = undisturbed(site)
        kill_often(site, site.restart)
    assert_each_is_done_once(site, expected, broken)


def test_an_order_survives_a_site_that_is_killed_before_the_worker_hears_of_it(gallows: Start) -> None:
    site = gallows()
    report = site.order()
    site.restart()
    assert site.finish(report).state == "done"
    assert site.publications(report) == 1


def test_a_worker_that_wakes_up_after_its_job_was_taken_over_publishes_nothing(gallows: Start) -> None:
    site = gallows(WORKER_PROCESSES="2")
    report = site.order()
    site.wait(report, lambda job: job.percent >= 15)
    sleeper = put_to_sleep(site)
    try:
        assert site.wait(report, lambda job: job.attempts == 2).attempts == 2
        assert site.finish(report).state == "done"
        files = sorted(path.name for path in visible(site.folder))
    finally:
        os.kill(sleeper, signal.SIGCONT)
    time.sleep(3 * LEASE_SECONDS)
    assert site.publications(report) == 1
    assert "was taken over by another worker" in site.site.log
    assert sorted(path.name for path in visible(site.folder)) == files
    site.finished(report)
