"""Building a report without a browser."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from tests.trial.participants.people import make_site


@pytest.mark.usefixtures("cloned_orm")
def test_a_report_that_is_not_as_published_is_written_and_fails(tmp_path: Path) -> None:
    make_site("AAA")
    with pytest.raises(CommandError, match="S01 consented") as failed:
        call_command("build_report", "per-protocol", "--out", str(tmp_path / "out"))
    assert failed.value.returncode == 1
    assert (tmp_path / "out" / "report.pdf").read_bytes().startswith(b"%PDF")
    assert json.loads((tmp_path / "out" / "results.json").read_text())["run"]["site"] == "AAA Clinic AAA"
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"report.pdf", "results.json"}


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
    call_command("build_report", "per-protocol", "--out", str(tmp_path))
    content = json.loads((tmp_path / "results.json").read_text())
    matches = {key: row["match"] for key, row in content["published"].items()}
    assert "no" not in matches.values()
    assert sum(match == "yes" for match in matches.values()) >= 54
    assert content["run"]["is_synthetic"] is True
