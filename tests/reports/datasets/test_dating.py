"""Values dated against their visit are left out and named; nothing is used silently.

Each case moves one record of the synthetic cohort, whose own values are those of tests/reports/data/cohort.csv.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pandas as pd
import pytest

from reports.analyses import exclusions, flow, response
from reports.analyses.finding import course, population
from reports.datasets import Datasets, build
from reports.datasets.dating import EARLY, INCOMPLETE, LATE, NO_VISIT, REPLACED, UNFINISHED, is_before
from reports.datasets.extracts import Extracts
from reports.display.parts import Flow, Table, plain
from tests.reports.extracts import begins
from trial.protocol import Protocol

START = begins(0)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def changed(frame: pd.DataFrame, chosen: pd.Series, **values: Any) -> pd.DataFrame:
    """The frame with other values in the chosen rows; at least one must be there."""
    assert chosen.any()
    return frame.assign(**{name: frame[name].mask(chosen, value) for name, value in values.items()})


def rating(extracts: Extracts, person: str, visit: str, instrument: str = "madrs") -> pd.Series:
    rated = extracts.assessments
    return (rated["visit_id"] == f"{person}/{visit}") & (rated["instrument"] == instrument)


def rebuilt(extracts: Extracts, protocol: Protocol, person: str, visit: str, **values: Any) -> Datasets:
    """The data sets when the MADRS of one person and visit reads otherwise."""
    moved = changed(extracts.assessments, rating(extracts, person, visit), **values)
    return build(replace(extracts, assessments=moved), protocol)


def with_row(frame: pd.DataFrame, **values: Any) -> pd.DataFrame:
    return pd.concat([frame, pd.DataFrame([values])], ignore_index=True)


def reasons(datasets: Datasets) -> list[tuple[str, str, str]]:
    rows = datasets.exclusions
    return [(who, what, why) for who, what, why in zip(rows["USUBJID"], rows["WHAT"], rows["REASON"], strict=True)]


def test_the_cohort_itself_loses_nothing(cohort: Datasets) -> None:
    assert cohort.exclusions.empty


def test_visits_before_the_infusion_are_those_that_end_at_its_start(protocol: Protocol) -> None:
    before = [code for code, visit in protocol.visits.items() if is_before(visit) and visit.population == "patient"]
    assert before == ["screening", "baseline", "admission", "pre1", "pre2"]


def test_a_follow_up_dated_before_the_start_is_no_baseline(cohort_extracts: Extracts, protocol: Protocol) -> None:
    datasets = rebuilt(cohort_extracts, protocol, "S01", "day_6", occurred_at=START - 2 * HOUR)
    assert datasets.adsl.set_index("USUBJID").loc["S01", "MADRSBL"] == 22
    assert reasons(datasets) == [("S01", "MADRS", EARLY)]


def test_a_follow_up_dated_before_the_baseline_rating_counts_for_no_response(
    cohort: Datasets, cohort_extracts: Extracts, protocol: Protocol
) -> None:
    """S04 falls from 22 to 0 on day 6: a responder, as long as the date is right."""
    datasets = rebuilt(cohort_extracts, protocol, "S04", "day_6", occurred_at=START - 3 * DAY)
    counts = {
        name: response.counts_by_visit(data, protocol, population(data, protocol, "per_protocol").subjects)
        for name, data in (("right", cohort), ("wrong", datasets))
    }
    assert counts["right"]["response"]["day_6"] == (16, 22)
    assert counts["wrong"]["response"]["day_6"] == (15, 21)


def test_who_vanishes_by_a_wrong_date_is_named(cohort_extracts: Extracts, protocol: Protocol) -> None:
    """S22 has only day 6, the score above 30: dated a month early, S37 falls from 1 to 0, and the report says whose."""
    datasets = rebuilt(cohort_extracts, protocol, "S22", "day_6", occurred_at=begins(21) - 30 * DAY)
    assert population(datasets, protocol, "per_protocol").n == 21
    assert response.run(datasets, protocol).contract["S37"]["count"] == 0
    finding = exclusions.run(datasets, protocol)
    table = next(part for part in finding.parts if isinstance(part, Table))
    assert [plain(cell) for cell in table.rows[0]] == [EARLY, "MADRS", "1", "1", "S22 (Day 6 (one day after infusion))"]
    assert finding.title == "Data left out, and why"


def test_a_score_during_the_infusion_makes_nobody_per_protocol(cohort_extracts: Extracts, protocol: Protocol) -> None:
    during = begins(21) + 30 * HOUR
    follow_up = rebuilt(cohort_extracts, protocol, "S22", "day_6", occurred_at=during)
    assert reasons(follow_up) == [("S22", "MADRS", UNFINISHED)]
    assert population(follow_up, protocol, "per_protocol").n == 21
    own = rating(cohort_extracts, "S22", "day_6") | rating(cohort_extracts, "S22", "screening")
    only = cohort_extracts.assessments[~rating(cohort_extracts, "S22", "day_6")]
    late = changed(only, own[only.index] & (only["instrument"] == "madrs"), occurred_at=during)
    screening = build(replace(cohort_extracts, assessments=late), protocol)
    assert reasons(screening) == [("S22", "MADRS", LATE)]
    assert "S22" not in population(screening, protocol, "per_protocol").subjects


def test_a_completer_with_a_score_after_but_no_baseline_is_per_protocol(
    cohort_extracts: Extracts, protocol: Protocol
) -> None:
    own = rating(cohort_extracts, "S01", "screening") | rating(cohort_extracts, "S01", "baseline")
    datasets = build(replace(cohort_extracts, assessments=cohort_extracts.assessments[~own]), protocol)
    who = population(datasets, protocol, "per_protocol").subjects
    assert "S01" in who
    assert course(datasets, "MADRS", who)["baseline"].isna()["S01"]


def test_an_incomplete_baseline_is_told_with_what_stands_for_it(cohort_extracts: Extracts, protocol: Protocol) -> None:
    datasets = rebuilt(cohort_extracts, protocol, "S01", "baseline", total=None)
    assert datasets.adsl.set_index("USUBJID").loc["S01", "MADRSBL"] == 30
    assert reasons(datasets) == [("S01", "MADRS", REPLACED)]
    later = rebuilt(cohort_extracts, protocol, "S01", "week_2", total=None)
    assert reasons(later) == [("S01", "MADRS", INCOMPLETE)]


def test_a_checklist_at_no_visit_counts_when_it_was_asked_during_the_infusion(
    cohort_extracts: Extracts, protocol: Protocol
) -> None:
    row = {"participant_id": "S01", "visit_id": None, "scores": {"headache": 2}}
    during = with_row(cohort_extracts.side_effects, occurred_at=START + 17 * HOUR, **row)
    datasets = build(replace(cohort_extracts, side_effects=during), protocol)
    asked = datasets.adfx[(datasets.adfx["PARAMCD"] == "headache")]
    assert asked[["AVISIT", "AVAL"]].to_numpy().tolist() == [["unscheduled", 2.0]]
    assert datasets.exclusions.empty
    after = with_row(cohort_extracts.side_effects, occurred_at=START + 200 * HOUR, **row)
    assert reasons(build(replace(cohort_extracts, side_effects=after), protocol)) == [
        ("S01", "Side-effect checklist", NO_VISIT)
    ]


@pytest.mark.parametrize(
    ("minutes", "systolic"),
    [((-15, 15), 201), ((15, -15), 202), ((15,), None), ((14,), 201)],
    ids=["the earlier of two equally near", "in any order of entry", "the end is outside", "just before the end"],
)
def test_the_window_is_half_open(
    minutes: tuple[int, ...], systolic: int | None, cohort_extracts: Extracts, protocol: Protocol
) -> None:
    vitals, due = cohort_extracts.vitals, START + 94 * HOUR
    vitals = vitals[~((vitals["participant_id"] == "S01") & (vitals["occurred_at"] > START))]
    visits = cohort_extracts.visits
    own = visits["id"] == "S01/day_5_0800"
    wide = changed(visits, own, closes_at=due + timedelta(minutes=16)) if len(minutes) > 1 else visits
    for place, minute in enumerate(minutes, start=1):
        vitals = with_row(
            vitals, participant_id="S01", visit_id=None, occurred_at=due + timedelta(minutes=minute),
            systolic=200 + place, diastolic=100,
        )  # fmt: skip
    advs = build(replace(cohort_extracts, vitals=vitals, visits=wide), protocol).advs
    read = advs[(advs["USUBJID"] == "S01") & (advs["AVISIT"] == "day_5_0800") & (advs["PARAMCD"] == "SYSBP")]
    assert read["AVAL"].tolist() == ([] if systolic is None else [systolic])


def test_a_sample_counts_by_when_it_was_drawn(cohort_extracts: Extracts, protocol: Protocol) -> None:
    own = (cohort_extracts.serum["participant_id"] == "S01") & (cohort_extracts.serum["sample__sample"] == "day_5_0800")
    drawn = {}
    for hours in (0, 1, 96, 97):
        moved = changed(cohort_extracts.serum, own, occurred_at=START + hours * HOUR)
        adpc = build(replace(cohort_extracts, serum=moved), protocol).adpc
        drawn[hours] = bool(adpc.loc[(adpc["USUBJID"] == "S01") & (adpc["SAMPLE"] == "day_5_0800"), "ONTRTFL"].all())
    assert drawn == {0: False, 1: True, 96: True, 97: False}


def test_a_scan_after_the_start_is_no_baseline(cohort: Datasets, cohort_extracts: Extracts, protocol: Protocol) -> None:
    sessions = changed(cohort_extracts.sessions, cohort_extracts.sessions["id"] == "S01/pre2", occurred_at=START + DAY)
    datasets = build(replace(cohort_extracts, sessions=sessions), protocol)
    assert reasons(datasets) == [("S01", "Scan", LATE)]
    for hours, reason in ((-1, EARLY), (50, UNFINISHED)):
        post = cohort_extracts.sessions["id"] == "S01/post"
        early = changed(cohort_extracts.sessions, post, occurred_at=START + hours * HOUR)
        assert reasons(build(replace(cohort_extracts, sessions=early), protocol)) == [("S01", "Scan", reason)]

    def number(data: Datasets) -> float:
        own = data.adfc[(data.adfc["USUBJID"] == "S01") & (data.adfc["AVISIT"] == "baseline")]
        return float(own["NSESS"].max())

    assert (number(cohort), number(datasets)) == (2, 1)


def test_every_participant_with_a_record_left_out_is_named(cohort_extracts: Extracts, protocol: Protocol) -> None:
    """Every week 2 score loses an item: 21 names, which no cell may cut."""
    at_week_2 = cohort_extracts.assessments["visit_id"].str.endswith("/week_2")
    emptied = changed(cohort_extracts.assessments, at_week_2, total=None)
    datasets = build(replace(cohort_extracts, assessments=emptied), protocol)
    finding = exclusions.run(datasets, protocol)
    table = next(part for part in finding.parts if isinstance(part, Table))
    named = " ".join(plain(row[-1]) for row in table.rows)
    people = set(cohort_extracts.assessments.loc[at_week_2, "participant_id"])
    assert len(people) == 21
    assert all(named.count(f"{person} (Week 2)") == 2 for person in people)
    assert {number.text for number in finding.numbers()} == {"42", "21"}


def test_the_intracranial_volume_is_of_the_same_session(cohort_extracts: Extracts, protocol: Protocol) -> None:
    """A second session measured the skull alone: it must not lend its volume to the first."""
    skull = (cohort_extracts.volumes["session_id"] == "S01/pre1") & (cohort_extracts.volumes["structure"] == "etiv")
    volumes = changed(cohort_extracts.volumes, skull, session_id="S01/pre2")
    admo = build(replace(cohort_extracts, volumes=volumes), protocol).admo
    own = admo[admo["USUBJID"] == "S01"]
    assert len(own) == 6
    assert own["ETIV"].isna().all()


def test_the_flow_counts_flags_and_never_less_than_none(cohort_extracts: Extracts, protocol: Protocol) -> None:
    """A screen failure whose infusion started all the same, one without consent, one running, one without rates."""
    statuses = with_row(
        cohort_extracts.statuses, participant_id="S01", axis="enrolment", value="screen_failure", explanation="",
        occurred_at=START, entered_at=START,
    )  # fmt: skip
    running = cohort_extracts.infusions["participant_id"] == "S23"
    infusions = cohort_extracts.infusions.astype({"is_completed": "object"})
    moved = replace(
        cohort_extracts,
        statuses=statuses,
        consents=cohort_extracts.consents[cohort_extracts.consents["participant_id"] != "S02"],
        infusions=changed(infusions, running, is_completed=None, ended_at=None),
        rates=cohort_extracts.rates[cohort_extracts.rates["infusion_id"] != "I-S03"],
    )
    datasets = build(moved, protocol)
    finding = flow.run(datasets, protocol)
    said = {number.id: number.value for number in finding.numbers()}
    assert all(value is None or value >= 0 for value in said.values())
    assert (said["flow.stopped_early"], said["flow.running"], said["flow.unconsented"]) == (0, 1, 1)
    assert said["flow.screen_failures"] == finding.contract["S02"]["count"] == 1
    assert finding.contract["S08"] == {"count": 4, "denominator": 21}
    assert said["flow.consented"] == finding.contract["S01"]["count"] == 26


@pytest.mark.parametrize("reason", ["", "   ", "moved away with the family to another country, " * 5])
def test_a_reason_of_any_length_keeps_its_number(reason: str, cohort_extracts: Extracts, protocol: Protocol) -> None:
    lost = cohort_extracts.statuses["value"] == "lost"
    statuses = changed(cohort_extracts.statuses, lost, explanation=reason)
    finding = flow.run(build(replace(cohort_extracts, statuses=statuses), protocol), protocol)
    diagram = finding.parts[0]
    assert isinstance(diagram, Flow)
    lines = [plain(line) for box in diagram.boxes if box.is_side for line in box.lines]
    assert max(len(line) for line in lines) < 42
    assert sum(number.id.endswith("reason_1") for number in finding.numbers()) == 2
    if not reason.strip():
        assert "   reason not recorded: 1" in lines


def test_the_flow_says_who_was_lost_and_why(cohort: Datasets, protocol: Protocol) -> None:
    finding = flow.run(cohort, protocol)
    diagram = finding.parts[0]
    assert isinstance(diagram, Flow)
    sides = ["; ".join(plain(line).strip() for line in box.lines) for box in diagram.boxes if box.is_side]
    assert sides[1:] == [
        "Infusion not completed: 1; Lost to follow-up: 1; left the trial with the infusion: 1",
        "Lost to follow-up: 1; psychiatric hospitalisation: 1",
    ]
    assert [box.row for box in diagram.boxes if box.is_side] == [0, 1, 3]
