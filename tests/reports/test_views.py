"""Pages of reports: who sees them, progress, and files exactly as published."""

from __future__ import annotations

import hashlib
import io
import sys
import uuid
from dataclasses import replace
from pathlib import Path
from urllib.parse import urljoin

import pandas as pd
import pytest
from django.test import Client
from django.urls import reverse
from pypdf import PdfReader
from pytest_django.fixtures import Settings

from reports import services
from reports.assemble import Assembled, assemble
from reports.books import BOOKS
from reports.datasets.extracts import Extracts
from reports.models import Report
from tests.test_architecture import WORKER_ONLY, within
from tests.trial.participants.people import make_site, make_user
from trial.audit.context import audited
from trial.jobs import services as jobs
from trial.jobs.models import Job
from trial.jobs.running import RunningJob
from trial.protocol import Protocol
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


def test_the_report_is_read_inside_the_site_before_it_is_downloaded(pi: User, report: Assembled) -> None:
    client, row = signed_in(pi), published(pi, report)
    address = reverse("reports:read", args=[row.id])
    offered = client.get(reverse("reports:detail", args=[row.id])).content.decode()
    assert 0 < offered.index(address) < offered.index("Read it here") < offered.index("Download the PDF")
    assert hashlib.sha256(report.page.markup.encode()).hexdigest() in offered
    page = client.get(address)
    assert report.page.markup in page.content.decode()
    assert "unsafe-inline" not in page["Content-Security-Policy"]
    picture = client.get(urljoin(address, "figures/1/"))
    assert (picture.content, picture["Content-Type"]) == (report.page.figures[0], "image/svg+xml")
    assert "default-src 'none'" in picture["Content-Security-Policy"]
    assert client.get(urljoin(address, "figures/2/")).status_code == 404
    assert client.get(urljoin(address, "figures/0/")).status_code == 404


def test_a_page_that_was_changed_on_the_disk_is_not_shown(pi: User, report: Assembled, tmp_path: Path) -> None:
    client, row = signed_in(pi), published(pi, report)
    row.refresh_from_db()
    addresses = [reverse("reports:read", args=[row.id]), reverse("reports:figure", args=[row.id, 1])]
    for name in (row.page_path, row.figures[0][0]):
        changed = tmp_path / name
        changed.write_bytes(changed.read_bytes().replace(b"2", b"3"))
    for address in addresses:
        answer = client.get(address)
        assert (answer.status_code, answer["Content-Type"]) == (409, "text/plain; charset=utf-8")
        assert "is not what was published" in answer.content.decode()


def test_a_report_from_before_pages_is_still_downloaded(pi: User, report: Assembled) -> None:
    client, row = signed_in(pi), published(pi, report)
    with audited("system:tests", "published before pages"):
        Report.objects.update(page_path="", page_sha256="", figures=[])
    assert "Read it here" not in client.get(reverse("reports:detail", args=[row.id])).content.decode()
    assert client.get(reverse("reports:read", args=[row.id])).status_code == 404


def test_reading_a_report_needs_nothing_of_what_made_it(
    pi: User, report: Assembled, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The web process stays small: a module set to None raises as soon as anything imports it."""
    client, row = signed_in(pi), published(pi, report)
    makers = ("analyses", "assemble", "composition", "datasets", "display", "html", "pdf", "source", "stats")
    barred = {*WORKER_ONLY, "reportlab", *(f"reports.{name}" for name in makers)}
    for name in {*sys.modules, *barred}:
        if within(name, tuple(barred)):
            monkeypatch.setitem(sys.modules, name, None)
    for name in ("detail", "read"):
        assert client.get(reverse(f"reports:{name}", args=[row.id])).status_code == 200
    assert client.get(reverse("reports:figure", args=[row.id, 1])).status_code == 200


def test_a_demo_cohort_that_was_added_to_is_no_alarm(pi: User, cohort_extracts: Extracts, protocol: Protocol) -> None:
    """One more participant, entered by form, and fewer consents than published."""
    more = cohort_extracts.participants.iloc[:1].assign(id="new", study_id="NEW", origin="form")
    people = pd.concat([cohort_extracts.participants, more], ignore_index=True)
    book = replace(BOOKS["per-protocol"], analyses=("flow",))
    made = assemble(replace(cohort_extracts, participants=people), protocol, book, site="Clinic")
    first = " ".join(PdfReader(io.BytesIO(made.pdf)).pages[0].extract_text().split())
    told = "Participants were added or changed on this demo site, so the synthetic cohort no longer gives"
    assert told in first
    assert "NOT PUBLISHABLE" not in first + made.page.markup
    assert not made.is_publishable
    client, row = signed_in(pi), published(pi, made)
    shown = client.get(reverse("reports:detail", args=[row.id])).content.decode()
    assert told in shown
    assert "Not publishable" not in shown
    assert "alert-danger" not in shown
    assert "demo data changed" in client.get(reverse("reports:list")).content.decode()


def test_a_damaged_file_and_an_unpublished_one_are_not_served(pi: User, report: Assembled, tmp_path: Path) -> None:
    client, row = signed_in(pi), published(pi, report)
    (tmp_path / Report.objects.get().pdf_path).unlink()
    assert client.get(reverse("reports:pdf", args=[row.id])).status_code == 409
    assert client.get(reverse("reports:pdf", args=[ordered(pi).id])).status_code == 404


def test_another_sites_report_is_missing_and_a_nurse_may_not_look(pi: User, report: Assembled) -> None:
    row, there = published(pi, report), make_site("BBB")
    stranger, nurse = signed_in(make_user("stranger", there, "pi")), signed_in(make_user("nurse", there, "nurse"))
    addresses = [reverse(f"reports:{name}", args=[row.id]) for name in ("detail", "progress", "read", "pdf", "results")]
    for address in [*addresses, reverse("reports:figure", args=[row.id, 1])]:
        assert stranger.get(address).status_code == 404
        assert nurse.get(address).status_code == 403
    assert str(row.id) not in stranger.get(reverse("reports:list")).content.decode()


def test_a_monitor_reads_but_does_not_order(pi: User, report: Assembled) -> None:
    row = published(pi, report)
    monitor = signed_in(make_user("monitor", row.site, "monitor"))
    listed = monitor.get(reverse("reports:list")).content.decode()
    assert str(row.id) in listed
    assert reverse("reports:order") not in listed
    assert monitor.get(reverse("reports:order")).status_code == 403
    assert monitor.get(reverse("reports:detail", args=[row.id])).status_code == 200
