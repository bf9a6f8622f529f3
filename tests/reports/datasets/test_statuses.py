"""Permission to use data: who refused stands in no data set and no number, and the report says whose data are out.

The expected data sets are those of a cohort that the person never entered.
"""

from __future__ import annotations

import io
import json
from dataclasses import fields, replace
from datetime import timedelta
from typing import Any

import pandas as pd
import pytest
from pypdf import PdfReader

from reports.analyses import exclusions, flow
from reports.assemble import assemble
from reports.books import BOOKS
from reports.datasets import Datasets, build
from reports.datasets.extracts import Extracts
from reports.datasets.statuses import permitted
from tests.reports.extracts import CUT
from trial.protocol import Protocol

WHO = "S05"


def with_statuses(extracts: Extracts, *said: tuple[str, str, str, int]) -> Extracts:
    """The extracts and these statuses: participant, axis, value, days before the data cut."""
    columns = list(extracts.statuses.columns)
    rows = [
        {
            "participant_id": person,
            "axis": axis,
            "value": value,
            "explanation": "",
            "occurred_at": CUT - timedelta(days=days),
            "entered_at": CUT - timedelta(days=days),
        }
        for person, axis, value, days in said
    ]
    statuses = pd.concat([extracts.statuses, pd.DataFrame(rows, columns=columns)], ignore_index=True)
    return replace(extracts, statuses=statuses)


def without(extracts: Extracts, person: str) -> Extracts:
    """The extracts as if the person had never been in the trial."""
    kept: dict[str, Any] = {
        name: frame[frame["id" if name == "participants" else "participant_id"] != person]
        for name, frame in extracts.frames().items()
    }
    return Extracts(**kept, data_cut=extracts.data_cut, is_cohort=True)


def frames(datasets: Datasets) -> dict[str, pd.DataFrame]:
    named = {field.name: getattr(datasets, field.name) for field in fields(datasets)}
    return {name: value for name, value in named.items() if isinstance(value, pd.DataFrame) and name != "refusals"}


@pytest.fixture(scope="module")
def refused(cohort_extracts: Extracts) -> Extracts:
    return with_statuses(cohort_extracts, (WHO, "data", "granted", 400), (WHO, "data", "refused", 3))


def test_who_refused_stands_in_no_data_set(refused: Extracts, cohort: Datasets, protocol: Protocol) -> None:
    left, as_if_never_there = frames(build(refused, protocol)), frames(build(without(refused, WHO), protocol))
    assert any(WHO in set(frame.get("USUBJID", ())) for frame in frames(cohort).values())
    for name, frame in left.items():
        assert WHO not in set(frame["USUBJID"]), name
        pd.testing.assert_frame_equal(frame, as_if_never_there[name], obj=name)


def test_the_latest_word_decides(cohort_extracts: Extracts, protocol: Protocol) -> None:
    again = with_statuses(cohort_extracts, (WHO, "data", "granted", 1), (WHO, "data", "refused", 3))
    assert build(again, protocol).refusals.empty
    assert permitted(again).extracts is again


@pytest.mark.parametrize(("axis", "value"), [("enrolment", "withdrew"), ("contact", "refused"), ("follow_up", "lost")])
def test_no_other_status_withdraws_the_use_of_data(
    cohort_extracts: Extracts, protocol: Protocol, axis: str, value: str
) -> None:
    made = build(with_statuses(cohort_extracts, (WHO, axis, value, 3)), protocol)
    assert made.refusals.empty
    assert WHO in set(made.adsl.loc[made.adsl["PPFL"], "USUBJID"])


def test_flow_and_exclusions_name_who_refused(refused: Extracts, cohort: Datasets, protocol: Protocol) -> None:
    made = build(refused, protocol)
    numbers = {n.id: n.text for part in (flow, exclusions) for n in part.run(made, protocol).numbers()}
    before = {n.id: n.text for n in flow.run(cohort, protocol).numbers()}
    assert numbers["flow.refused"] == numbers["exclusions.refused"] == "1"
    for step in ("consented", "started", "completed"):
        assert int(numbers[f"flow.{step}"]) == int(before[f"flow.{step}"]) - 1


def test_the_report_says_it_on_its_first_page_and_by_study_id(refused: Extracts, protocol: Protocol) -> None:
    book = replace(BOOKS["per-protocol"], analyses=("flow", "exclusions"))
    made = assemble(refused, protocol, book, site="Clinic")
    pages = [page.extract_text() for page in PdfReader(io.BytesIO(made.pdf)).pages]
    text = " ".join(" ".join(pages).split())
    assert "because they refused the use of their data: 1." in " ".join(pages[0].split())
    assert "Use of data refused, not counted: 1" in text
    assert f"{WHO} patient {CUT - timedelta(days=3):%Y-%m-%d}" in text
    found = {row["id"]: row["computed"] for row in json.loads(made.results)["findings"]}
    assert found["front.refused"] == found["flow.refused"] == found["exclusions.refused"] == 1


def test_where_nobody_refused_nothing_is_said(cohort: Datasets, protocol: Protocol) -> None:
    assert cohort.refusals.empty
    ids = {n.id for part in (flow, exclusions) for n in part.run(cohort, protocol).numbers()}
    assert not {identity for identity in ids if "refused" in identity}
