"""The inspector's matrix names tests that exist, no requirement is without one, and no test without a requirement."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.source_tree import ROOT
from tools.validation import (
    PAGE,
    Requirement,
    known_tests,
    main,
    matching,
    others,
    page,
    requirements,
    results,
    unnamed,
)

NAMES = known_tests()
JUNIT = """<testsuites><testsuite>
<testcase classname="tests.kill.test_writes" name="test_a_few_kills_lose_nothing"/>
<testcase classname="tests.trial.records.test_services.TestRace" name="test_one[a]"/>
<testcase classname="tests.trial.records.test_services.TestRace" name="test_one[b]"><failure/></testcase>
</testsuite></testsuites>"""


def test_the_page_is_what_the_file_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(requirements(), NAMES, []), "Run `make validation` and commit it."


@pytest.mark.parametrize("wanted", requirements(), ids=lambda wanted: wanted.name)
def test_every_requirement_says_its_risk_and_has_tests_that_exist(wanted: Requirement) -> None:
    assert wanted.requirement.endswith(".")
    assert wanted.risk.endswith(".")
    assert wanted.source
    assert wanted.tests
    assert [pattern for pattern in wanted.tests if not matching(pattern, NAMES)] == []


def test_a_test_that_is_gone_is_noticed() -> None:
    assert matching("tests/kill/test_writes.py::test_that_never_was", NAMES) == []


def test_every_test_file_is_named_by_a_requirement_or_said_to_hold_none() -> None:
    assert unnamed(requirements(), NAMES) == sorted(others())
    assert [path for path, reason in others().items() if not reason.endswith(".")] == []


def test_a_test_file_that_no_requirement_names_is_noticed() -> None:
    wanted = [Requirement("one", "One.", "None.", "here", ("tests/test_one.py::*",))]
    assert unnamed(wanted, ["tests/test_one.py::test_a", "tests/test_two.py::test_b"]) == ["tests/test_two.py"]


def test_continuous_integration_writes_the_results_of_both_engines_beside_the_requirements() -> None:
    steps = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    for target in ("test", "test-slow", "validation"):
        assert re.search(rf"make {target} .*RESULTS=var/ci", steps), target
    recipes = (ROOT / "Makefile").read_text(encoding="utf-8")
    written = re.findall(r"\$\(call RESULT,([a-z-]+)\)", recipes)
    assert sorted(written) == ["postgresql", "slow-postgresql", "slow-sqlite", "sqlite"]


def test_a_result_file_that_is_not_there_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(
        "sys.argv", ["validation", "--results", str(tmp_path / "none.xml"), "--out", str(tmp_path / "m")]
    )
    assert main() == 1
    assert "none.xml: run `make test RESULTS=" in capsys.readouterr().err


def test_results_stand_beside_the_tests(tmp_path: Path) -> None:
    (tmp_path / "junit.xml").write_text(JUNIT)
    found = results(tmp_path / "junit.xml")
    race = "tests/trial/records/test_services.py::TestRace::test_one"
    kills = "tests/kill/test_writes.py::test_a_few_kills_lose_nothing"
    assert found[race] == {"passed": 1, "failed": 1}
    told = page(
        [Requirement("both", "Both.", "None.", "here", (race, kills, "tests/gone.py::*"))], [race, kills], [found]
    )
    assert "|1 failed, 1 passed|" in told
    assert "|Result|" in told
