"""Pages of reports: who sees them, progress, and files exactly as published."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from reports import services
from reports.assemble import Assembled
from reports.models import Report
from tests.trial.participants.people import make_site, make_user
from trial.jobs import services as jobs
from trial.jobs.models import Job
from trial.jobs.running import RunningJob
from trial.users.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def pi(settings: Settings, tmp_path: Path) -> User:
    settings.REPORTS_DIR = tmp_path
    return make_user("pi", make_site("AAA"), "pi")


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def ordered(user: User) -> Report:
    site = user.role_assignments.get().site
    return services.order_report(user, site=site, book="per-protocol", key=uuid.uuid4())


def published(user: User, report: Assembled) -> Report:
    row = ordered(user)
    assert row.job_id
    job = jobs.claim(row.job_id)
    assert job is not None
    services.publish(RunningJob(job), row, report)
    return row


def test_an_order_leads_to_its_page_and_a_second_tap_to_the_same(pi: User) -> None:
    client, site = signed_in(pi), pi.role_assignments.get().site
    form = {"book": "per-protocol", "site": str(site.id), "key": str(uuid.uuid4())}
    first = client.post(reverse("reports:order"), form)
    second = client.post(reverse("reports:order"), form)
    assert first.status_code == 302
    assert first["Location"] == second["Location"]
    assert Report.objects.count() == 1
    assert "hx-get" in client.get(first["Location"]).content.decode()


def test_an_order_for_a_foreign_site_is_refused(pi: User) -> None:
    form = {"book": "per-protocol", "site": str(make_site("BBB").id), "key": str(uuid.uuid4())}
    assert signed_in(pi).post(reverse("reports:order"), form).status_code == 422
    assert not Report.objects.exists()


def test_progress_shows_a_bar_until_the_files_are_there(pi: User, report: Assembled) -> None:
    client, row = signed_in(pi), ordered(pi)
    Job.objects.update(percent=40, message="analysing: response")
    running = client.get(reverse("reports:progress", args=[row.id])).content.decode()
    assert 'value="40"' in running
    assert "analysing: response" in running
    done = client.get(reverse("reports:progress", args=[published(pi, report).id])).content.decode()
    assert "hx-get" not in done
    assert "Download the PDF" in done


def test_a_failed_job_says_why(pi: User) -> None:
    row = ordered(pi)
    Job.objects.update(state="failed", error="DatasetError: adqs lacks ['BASE']")
    page = signed_in(pi).get(reverse("reports:progress", args=[row.id])).content.decode()
    assert "adqs lacks" in page
    assert "hx-get" not in page


def test_files_are_those_that_were_published(pi: User, report: Assembled) -> None:
    client, row = signed_in(pi), published(pi, report)
    pdf = client.get(reverse("reports:pdf", args=[row.id]))
    assert pdf.content == report.pdf
    assert pdf["Content-Type"] == "application/pdf"
    assert pdf["Content-Disposition"] == 'attachment; filename="per-protocol-AAA-2016-12-01.pdf"'
    assert client.get(reverse("reports:results", args=[row.id])).content == report.results


def test_a_damaged_file_and_an_unpublished_one_are_not_served(pi: User, report: Assembled, tmp_path: Path) -> None:
    client, row = signed_in(pi), published(pi, report)
    (tmp_path / Report.objects.get().pdf_path).unlink()
    assert client.get(reverse("reports:pdf", args=[row.id])).status_code == 409
    assert client.get(reverse("reports:pdf", args=[ordered(pi).id])).status_code == 404


def test_another_sites_report_is_missing_and_a_nurse_may_not_look(pi: User, report: Assembled) -> None:
    row, there = published(pi, report), make_site("BBB")
    stranger, nurse = signed_in(make_user("stranger", there, "pi")), signed_in(make_user("nurse", there, "nurse"))
    for name in ("detail", "progress", "pdf", "results"):
        assert stranger.get(reverse(f"reports:{name}", args=[row.id])).status_code == 404
        assert nurse.get(reverse(f"reports:{name}", args=[row.id])).status_code == 403
    assert str(row.id) not in stranger.get(reverse("reports:list")).content.decode()


def test_a_monitor_reads_but_does_not_order(pi: User, report: Assembled) -> None:
    row = published(pi, report)
    monitor = signed_in(make_user("monitor", row.site, "monitor"))
    listed = monitor.get(reverse("reports:list")).content.decode()
    assert str(row.id) in listed
    assert reverse("reports:order") not in listed
    assert monitor.get(reverse("reports:order")).status_code == 403
    assert monitor.get(reverse("reports:detail", args=[row.id])).status_code == 200
