"""The inspector's matrix names tests that exist, and leaves no requirement without one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.validation import PAGE, Requirement, known_tests, matching, page, requirements, results

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
