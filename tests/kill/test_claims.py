"""The control of T4: without the check of the claim the same overlap publishes twice."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from reports.models import Report
from reports.services import order_report
from tests.trial.records import clinic
from trial.audit.context import audited
from trial.audit.models import AuditEntry
from trial.jobs import services
from trial.jobs.models import Job
from trial.jobs.running import RunningJob
from trial.permissions import Role

pytestmark = pytest.mark.django_db


def publish(job: RunningJob, report: Report, content: str) -> None:
    """Publish as the reports do: the row and the end of the job in one transaction."""
    with job.publishing(), audited("system:reports.build", f"published {content}"):
        row = Report.objects.select_for_update().get(id=report.id)
        row.published_at, row.pdf_sha256 = timezone.now(), content
        row.save()


def overlap() -> tuple[Report, RunningJob, RunningJob]:
    """A report whose job one worker has taken over from another that still runs."""
    site = clinic.make_site()
    report = order_report(clinic.make_person(site, Role.PI), site=site, book="per-protocol", key=uuid4())
    assert report.job_id is not None
    first = services.claim(report.job_id)
    Job.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    second = services.claim(report.job_id)
    assert first is not None
    assert second is not None
    return report, RunningJob(first), RunningJob(second)


def publications(report: Report) -> list[str]:
    """The reasons of each publication in the trail."""
    entries = AuditEntry.objects.filter(table_name="reports_report", op="U").order_by("id")
    return [entry.reason for entry in entries if entry.row_id.replace("-", "") == report.id.hex]


def test_of_two_workers_at_one_report_the_holder_of_the_claim_publishes() -> None:
    report, sleeper, holder = overlap()
    with pytest.raises(services.ClaimLost):
        publish(sleeper, report, "by the sleeper")
    publish(holder, report, "by the holder")
    with pytest.raises(services.ClaimLost):
        publish(sleeper, report, "by the sleeper")
    assert publications(report) == ["published by the holder"]


def test_without_the_check_both_publish(monkeypatch: pytest.MonkeyPatch) -> None:
    def anybody(job: Job) -> Any:
        return Job.objects.filter(id=job.id)

    monkeypatch.setattr(services, "held", anybody)
    report, sleeper, holder = overlap()
    publish(sleeper, report, "by the sleeper")
    publish(holder, report, "by the holder")
    assert len(publications(report)) == 2
