"""Ordering and publishing reports."""

from __future__ import annotations

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django.fixtures import Settings

from reports import services
from reports.assemble import Assembled
from reports.models import Report
from reports.tasks import build
from tests.trial.participants.people import make_site, make_user
from trial.audit.context import audited
from trial.jobs import services as jobs
from trial.jobs.models import Job
from trial.jobs.running import RunningJob
from trial.jobs.tasks import run
from trial.users.models import User


@pytest.fixture
def ordered(cloned_orm: str, settings: Settings, tmp_path: Path) -> Report:
    settings.REPORTS_DIR = tmp_path
    site = make_site("AAA")
    return services.order_report(make_user("pi", site, "pi"), site=site, book="per-protocol", key=uuid.uuid4())


def claimed(report: Report) -> RunningJob:
    assert report.job_id
    job = jobs.claim(report.job_id)
    assert job is not None
    return RunningJob(job)


def test_the_same_key_orders_once(ordered: Report) -> None:
    again = services.order_report(ordered.ordered_by, site=ordered.site, book="per-protocol", key=ordered.key)
    assert again == ordered
    assert (Report.objects.count(), Job.objects.count()) == (1, 1)


def test_twelve_taps_at_once_order_once(ordered: Report) -> None:
    barrier, key = threading.Barrier(12), uuid.uuid4()

    def tap(_: int) -> uuid.UUID:
        barrier.wait()
        try:
            return services.order_report(ordered.ordered_by, site=ordered.site, book="per-protocol", key=key).id
        finally:
            connection.close()

    with ThreadPoolExecutor(12) as taps:
        assert len(set(taps.map(tap, range(12)))) == 1
    assert (Report.objects.filter(key=key).count(), Job.objects.count()) == (1, 2)


def test_the_same_key_for_another_site_is_refused(ordered: Report) -> None:
    with pytest.raises(services.ReportError, match="already ordered another report"):
        services.order_report(ordered.ordered_by, site=make_site("BBB"), book="per-protocol", key=ordered.key)


def test_an_unknown_book_is_refused(ordered: Report) -> None:
    with pytest.raises(services.ReportError, match="There is no report 'x'"):
        services.order_report(ordered.ordered_by, site=ordered.site, book="x", key=uuid.uuid4())


@pytest.mark.parametrize("loss", ["role", "account"])
def test_nothing_is_built_for_who_may_order_no_more(ordered: Report, loss: str) -> None:
    assert ordered.job_id
    with audited("system:tests", "left the trial"):
        if loss == "role":
            ordered.ordered_by.role_assignments.update(ended_at=timezone.now())
        else:
            User.objects.filter(pk=ordered.ordered_by_id).update(is_active=False)
    run(str(ordered.job_id))
    job = Job.objects.get(pk=ordered.job_id)
    assert (job.state, "may no longer order one at AAA" in job.error) == ("failed", True), job.error
    assert Report.objects.get().pdf_path == ""


def test_publishing_ends_the_job_and_keeps_hashes(ordered: Report, report: Assembled) -> None:
    services.publish(claimed(ordered), ordered, report)
    row = Report.objects.get()
    assert row.job is not None
    assert (row.is_publishable, row.job.state, row.input_hash) == (True, "done", report.run.input_hash)
    assert services.content_of(row.pdf_path, row.pdf_sha256) == report.pdf
    assert services.content_of(row.results_path, row.results_sha256) == report.results


def test_who_lost_the_claim_publishes_nothing(ordered: Report, report: Assembled) -> None:
    job = claimed(ordered)
    Job.objects.update(claim=uuid.uuid4())
    with pytest.raises(jobs.ClaimLost):
        services.publish(job, ordered, report)
    assert Report.objects.get().published_at is None


def test_a_changed_file_is_not_served(ordered: Report, report: Assembled, tmp_path: Path) -> None:
    services.publish(claimed(ordered), ordered, report)
    row = Report.objects.get()
    (tmp_path / row.pdf_path).write_bytes(report.pdf + b" ")
    with pytest.raises(services.ReportError, match="is not what was published"):
        services.content_of(row.pdf_path, row.pdf_sha256)


def test_the_job_builds_a_report_even_of_an_empty_site(ordered: Report) -> None:
    build(claimed(ordered))
    row = Report.objects.get()
    assert row.is_publishable is True
    assert row.data_cut is not None
    assert services.content_of(row.pdf_path, row.pdf_sha256).startswith(b"%PDF")
