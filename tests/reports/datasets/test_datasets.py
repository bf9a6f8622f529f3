"""Data sets against the rows of cohort.csv, read here by another path."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pandas as pd
import pytest

from reports.datasets import Datasets, build
from reports.datasets.extracts import Extracts
from tests.reports.extracts import DATA, START, read_csv
from trial.protocol import Protocol

SOURCE = pd.read_csv(DATA / "cohort.csv", comment="#").set_index("id")
STARTED = SOURCE[SOURCE["madrs_base"].notna()]


def values(frame: pd.DataFrame, parameter: str, visit: str, column: str = "AVAL") -> pd.Series:
    chosen = frame[(frame["PARAMCD"] == parameter) & (frame["AVISIT"] == visit)]
    return chosen.set_index("USUBJID")[column].sort_index()


def test_subjects_carry_the_flags_of_the_flow(cohort: Datasets) -> None:
    adsl = cohort.adsl.set_index("USUBJID")
    counts = {name: int(adsl[name].sum()) for name in ("CONSFL", "SCRFFL", "WDRFL", "STARTFL", "COMPLFL", "PPFL")}
    assert counts == {"CONSFL": 27, "SCRFFL": 1, "WDRFL": 3, "STARTFL": 23, "COMPLFL": 22, "PPFL": 22}
    assert adsl.loc[STARTED.index, "AGE"].tolist() == STARTED["age"].tolist()
    assert adsl.loc[STARTED.index, "NTRIALS"].tolist() == STARTED["prior_trials"].tolist()
    assert (adsl["ETHNIC"]["S08"], adsl["CGISBL"]["S08"]) == ("unknown", 6)


def test_scores_and_changes_are_those_of_the_source(cohort: Datasets) -> None:
    for visit, column in (("day_6", "madrs_d1"), ("week_8", "madrs_wk8")):
        expected = (SOURCE[column] - SOURCE["madrs_base"]).dropna()
        assert values(cohort.adqs, "MADRS", visit, "CHG").to_dict() == expected.to_dict()
    assert values(cohort.adqs, "MADRS", "baseline").to_dict() == STARTED["madrs_base"].to_dict()
    assert values(cohort.adqs, "BPRSPOS", "infusion_day_3").tolist() == STARTED["bprs_d3"].dropna().tolist()


def test_exposure_takes_the_last_rate_above_zero(cohort: Datasets) -> None:
    adex = cohort.adex.set_index("USUBJID")
    assert adex["FINRATE"].to_dict() == STARTED["dose"].to_dict()
    assert adex.loc["S01", "HOURS"] == 96
    assert not adex.loc["S23", "COMPLFL"]


def test_a_pressure_without_a_visit_belongs_to_the_window_it_was_taken_in(cohort: Datasets) -> None:
    changes = values(cohort.advs, "SYSBP", "day_5_0800", "CHG")
    assert (len(changes), changes.mean()) == (22, 8)
    assert values(cohort.advs, "DIABP", "day_5_0800", "CHG").mean() == 5


def test_of_several_pressures_in_the_window_the_nearest_counts(cohort_extracts: Extracts, protocol: Protocol) -> None:
    due = START + timedelta(hours=94)
    later = {
        "participant_id": "S01", "visit_id": None, "occurred_at": due + timedelta(minutes=9),
        "systolic": 200, "diastolic": 100,
    }  # fmt: skip
    vitals = pd.concat([cohort_extracts.vitals, pd.DataFrame([later])], ignore_index=True)
    rebuilt = build(replace(cohort_extracts, vitals=vitals), protocol)
    assert values(rebuilt.advs, "SYSBP", "day_5_0800")["S01"] < 200


def test_an_item_that_was_not_asked_has_no_row(cohort: Datasets) -> None:
    asked = values(cohort.adfx, "fatigue", "discharge")
    assert (len(asked), asked.sum()) == (21, 3)
    assert values(cohort.adfx, "nausea", "discharge").empty


def test_samples_before_and_after_the_infusion_are_not_on_treatment(cohort: Datasets) -> None:
    during = cohort.adpc[cohort.adpc["ONTRTFL"]]
    assert set(during["SAMPLE"]) == {"day_2_0800", "day_5_0800"}
    assert cohort.adpc.loc[cohort.adpc["BLQFL"], "AVAL"].isna().all()


def test_pre1_and_pre2_are_averaged_and_unusable_scans_left_out(
    cohort: Datasets, cohort_extracts: Extracts, protocol: Protocol
) -> None:
    row = next(r for r in read_csv("connectivity.csv") if r["subject"] == "0" and r["post"] == "0")
    first = values(cohort.adfc, "dmn", "baseline")
    assert first.min() <= float(row["dmn"]) <= first.max()
    assert any(value == pytest.approx(float(row["dmn"]), abs=1e-12) for value in first)
    sessions = cohort_extracts.sessions.assign(is_usable=cohort_extracts.sessions["timepoint"] != "post")
    rebuilt = build(replace(cohort_extracts, sessions=sessions), protocol)
    assert set(rebuilt.adfc["AVISIT"]) == {"baseline"}


def test_volumes_are_relative_to_the_intracranial_volume(cohort: Datasets) -> None:
    ratios = cohort.admo[cohort.admo["PARAMCD"] == "right_hippocampus"].set_index("USUBJID")["RATIO"]
    expected = STARTED["rhipp_permille"].dropna()
    assert ratios.to_dict() == pytest.approx(expected.to_dict(), abs=1e-6)


def test_a_deviation_that_turned_out_to_be_none_is_not_counted(cohort_extracts: Extracts, protocol: Protocol) -> None:
    row = {"participant_id": "S01", "occurred_at": START, "kind": "window", "summary": "late", "is_important": False}
    found = pd.DataFrame([row | {"is_void": False}, row | {"summary": "taken back", "is_void": True}])
    rebuilt = build(replace(cohort_extracts, deviations=found), protocol)
    assert rebuilt.addv["DVTERM"].tolist() == ["late"]
