"""Building a report without a browser."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from reports import source
from reports.books import BOOKS
from reports.departure import Departure
from reports.models import Report
from reports.provenance import run_of
from tests.trial.participants.people import enrol, make_site, make_user
from trial import protocol
from trial.jobs.models import Job
from trial.participants.models import Status
from trial.records.services import amend
from trial.users.models import Site, User


@pytest.mark.usefixtures("cloned_orm")
def test_a_report_that_is_not_as_published_is_written_and_fails(tmp_path: Path) -> None:
    make_site("AAA")
    with pytest.raises(CommandError, match="S01 consented") as failed:
        call_command("build_report", "per-protocol", "--out", str(tmp_path / "out"))
    assert failed.value.returncode == 1
    assert (tmp_path / "out" / "report.pdf").read_bytes().startswith(b"%PDF")
    assert json.loads((tmp_path / "out" / "results.json").read_text())["run"]["site"] == "AAA Clinic AAA"
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"report.pdf", "report.html", "results.json"}
    assert not Report.objects.exists()


@pytest.mark.usefixtures("cloned_orm")
def test_an_ordered_report_also_stands_on_the_site(tmp_path: Path, settings: Settings) -> None:
    settings.REPORTS_DIR = tmp_path / "published"
    pi = make_user("pi", make_site("AAA"), "pi")
    with pytest.raises(CommandError, match="S01 consented"):
        call_command("build_report", "per-protocol", "--out", str(tmp_path / "out"), "--ordered-by", "pi")
    report = Report.objects.select_related("job").get()
    assert report.ordered_by == pi
    assert report.published_at is not None
    assert (report.job and report.job.state) == "done"
    for name, digest in (("report.pdf", report.pdf_sha256), ("results.json", report.results_sha256)):
        assert hashlib.sha256((tmp_path / "out" / name).read_bytes()).hexdigest() == digest
    page = (settings.REPORTS_DIR / report.page_path).read_text(encoding="utf-8")
    assert page.split("<figure")[0] in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


@pytest.mark.usefixtures("cloned_orm")
def test_only_who_may_order_reports_is_named_for_it(tmp_path: Path) -> None:
    make_user("nurse", make_site("AAA"), "nurse")
    for name in ("nurse", "nobody"):
        with pytest.raises(CommandError, match="no account that may order reports here"):
            call_command("build_report", "per-protocol", "--out", str(tmp_path), "--ordered-by", name)
    assert not Report.objects.exists()


@pytest.mark.usefixtures("cloned_orm")
def test_a_fault_ends_the_job_as_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(site: Site) -> None:
        raise ZeroDivisionError("no door")

    make_user("pi", make_site("AAA"), "pi")
    monkeypatch.setattr("reports.source.read", broken)
    with pytest.raises(ZeroDivisionError):
        call_command("build_report", "per-protocol", "--out", str(tmp_path), "--ordered-by", "pi")
    assert (Job.objects.get().state, Job.objects.get().error) == ("failed", "ZeroDivisionError: no door")


@pytest.mark.usefixtures("cloned_orm")
def test_the_site_must_be_clear(tmp_path: Path) -> None:
    make_site("AAA")
    make_site("BBB")
    for options in ([], ["--site", "CCC"]):
        with pytest.raises(CommandError, match="there are: AAA, BBB"):
            call_command("build_report", "per-protocol", "--out", str(tmp_path), *options)


@pytest.mark.slow
@pytest.mark.usefixtures("demo_orm")
def test_the_demo_cohort_gives_every_published_quantity(tmp_path: Path) -> None:
    call_command("build_report", "per-protocol", "--site", "STL", "--out", str(tmp_path))
    content = json.loads((tmp_path / "results.json").read_text())
    matches = {key: row["match"] for key, row in content["published"].items()}
    assert "no" not in matches.values()
    assert sum(match == "yes" for match in matches.values()) >= 54
    assert content["run"]["is_synthetic"] is True


@pytest.mark.slow
@pytest.mark.usefixtures("demo_orm")
def test_the_demo_cohort_departs_from_itself_once_somebody_corrected_a_record() -> None:
    cohort, ward = (Site.objects.get(code=code) for code in ("STL", "PRA"))
    assert departure_at(cohort) == Departure.NONE
    assert departure_at(ward) == Departure.OTHER
    status = Status.objects.filter(axis="contact", site=cohort)[0]
    coordinator = User.objects.get(username="coordinator")
    amend(status, coordinator, version=1, reason="wrong word", explanation="by letter")
    assert departure_at(cohort) == Departure.CHANGED


@pytest.mark.slow
@pytest.mark.usefixtures("demo_orm")
def test_the_demo_cohort_departs_from_itself_once_somebody_was_added() -> None:
    cohort = Site.objects.get(code="STL")
    enrol(User.objects.get(username="coordinator"), cohort)
    assert departure_at(cohort) == Departure.CHANGED


def departure_at(site: Site) -> Departure:
    current = protocol.for_version(protocol.FIRST)
    return run_of(source.read(site), current, BOOKS["per-protocol"], str(site)).departure
