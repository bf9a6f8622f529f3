"""Every analysis against the catalogue of the publication and against values from R.

R values: R 4.2.2 with afex 1.2-1 (ANOVA), pbkrtest 0.5.2 and lmerTest 3.1-3 (mixed models), run on the same cohort.
"""

from __future__ import annotations

import csv
import re
from dataclasses import replace

import pandas as pd
import pytest

from reports.analyses import ANALYSES, connectivity, multiplicity, response, sensitivity
from reports.analyses.finding import course, population
from reports.contract import compare, entries
from reports.datasets import Datasets
from reports.display.parts import Figure, Table, plain
from tests.reports.extracts import DATA
from trial.protocol import Protocol


def contract(datasets: Datasets, protocol: Protocol, name: str) -> dict[str, dict[str, object]]:
    return {key: dict(row) for key, row in ANALYSES[name](datasets, protocol).contract.items()}


@pytest.mark.parametrize("name", ANALYSES)
def test_every_analysis_speaks_even_of_an_empty_trial(name: str, nobody: Datasets, protocol: Protocol) -> None:
    finding = ANALYSES[name](nobody, protocol)
    assert finding.id == name
    assert finding.parts
    for number in finding.numbers():
        assert number.value is None or number.value == 0 or name in ("multiplicity", "serum")


@pytest.mark.parametrize("name", ANALYSES)
def test_every_number_has_an_id_of_its_analysis_and_every_table_a_population(
    name: str, cohort: Datasets, protocol: Protocol
) -> None:
    finding = ANALYSES[name](cohort, protocol)
    ids = [number.id for number in finding.numbers()]
    assert len(ids) == len(set(ids))
    assert all(identity.startswith(f"{name}.") for identity in ids)
    assert all(part.population for part in finding.parts if isinstance(part, Table | Figure))


def test_every_published_quantity_comes_out_of_the_cohort(cohort: Datasets, protocol: Protocol) -> None:
    computed = {key: row for run in ANALYSES.values() for key, row in run(cohort, protocol).contract.items()}
    found = {row.entry.id: row.match for row in compare(computed, protocol, is_synthetic=True)}
    assert [key for key, match in found.items() if match == "no"] == []
    assert found["S05"] == found["S68"] == "both readings"
    assert found["S15"] == found["S27"] == found["S53"] == found["S72"] == found["S75"] == "yes"
    assert found["S44"] == found["S62"] == "constructed"
    assert found["S52"] == found["S56"] == "not anchorable"


def test_a_value_that_moves_is_no_longer_a_match(cohort: Datasets, protocol: Protocol) -> None:
    moved = cohort.adqs.copy()
    moved.loc[(moved["PARAMCD"] == "MADRS") & (moved["AVISIT"] == "week_2") & (moved["USUBJID"] == "S16"), "AVAL"] = 20
    other = replace(cohort, adqs=moved)
    computed = {key: row for run in ANALYSES.values() for key, row in run(other, protocol).contract.items()}
    broken = {row.entry.id for row in compare(computed, protocol, is_synthetic=True) if row.match == "no"}
    assert {"S30", "S33"} <= broken


def test_the_contract_has_exactly_the_keys_that_were_agreed(protocol: Protocol) -> None:
    with (DATA / "results_contract.csv").open(encoding="utf-8") as file:
        agreed = {row["id"]: row for row in csv.DictReader(file)}
    assert [entry.id for entry in entries()] == list(agreed)
    for entry in entries():
        assert (entry.what, entry.package, entry.kind) == (
            agreed[entry.id]["what"],
            int(agreed[entry.id]["package"]),
            agreed[entry.id]["kind"],
        )
        wanted = re.sub(r"<(\w+)>", r"{\1}", agreed[entry.id]["keys"]).split()
        if entry.id == "S73":
            names = [name for name in protocol.imaging.structures if name != "right_hippocampus"]
            wanted = [key.replace("{structure}", name) for name in names for key in wanted]
        assert sorted(entry.keys) == sorted(wanted), entry.id


def test_the_anova_is_that_of_r(cohort: Datasets, protocol: Protocol) -> None:
    """afex: F(3, 60) = 48.15, n = 21."""
    row = contract(cohort, protocol, "madrs_course")["S27"]
    assert (row["n"], row["df1"], row["df2"]) == (21, 3, 60)
    assert row["statistic"] == pytest.approx(48.1526, abs=1e-3)


def test_the_mixed_model_for_repeated_measures_is_that_of_r(cohort: Datasets, protocol: Protocol) -> None:
    """lmerTest with pbkrtest: changes -19.77, -15.12, -13.87 on 21.0, 20.8 and 20.5 df."""
    wide = course(cohort, "MADRS", population(cohort, protocol, "per_protocol").subjects)
    model = sensitivity.repeated_measures(wide, ("day_6", "week_2", "week_8"))
    found = {visit: (round(c.estimate, 2), round(c.df, 1)) for visit, c in model.changes.items()}
    assert found == {"day_6": (-19.77, 21.0), "week_2": (-15.12, 20.8), "week_8": (-13.87, 20.5)}
    assert model.structure == "unstructured covariance"
    assert model.subjects == 22


def test_connectivity_is_that_of_r(cohort: Datasets, protocol: Protocol) -> None:
    """lme4 under ML gives T -3.5 and 2.287 for sgACC; pbkrtest gives p .0477 on 27.7 df for its interaction."""
    rows = contract(cohort, protocol, "connectivity")
    assert rows["S61"] == {"subjects": 21, "observations": 40, "df": 37}
    assert rows["S64"]["statistic"] == pytest.approx(-3.5, abs=1e-3)
    assert rows["S65"]["statistic"] == pytest.approx(2.287, abs=1e-3)
    assert rows["S65"]["kr.df"] == pytest.approx(27.7, abs=0.05)
    assert rows["S65"]["kr.p"] == pytest.approx(0.0477, abs=1e-4)


def test_responders_are_the_reference_so_time_is_their_change(cohort: Datasets, protocol: Protocol) -> None:
    rows = connectivity.model_rows(cohort, protocol, "dmn")
    assert set(rows[connectivity.TIME]) == {0.0, 1.0}
    assert (rows[connectivity.INTERACTION] == rows[connectivity.TIME] * rows["non_response"]).all()
    flags = response.responded(course(cohort, "MADRS", pd.Index(rows["USUBJID"].unique())), "week_2", protocol)
    assert flags[rows.loc[rows["non_response"] == 0, "USUBJID"]].all()
    words = [label for _, label in connectivity.TERMS.values()]
    assert words[0] == "change in responders (published as: time)"


def test_an_exact_tie_at_the_threshold_is_a_response(protocol: Protocol) -> None:
    wide = pd.DataFrame({"baseline": [28.0, 28.0, 28.0, 28.0], "week_2": [14.0, 14.1, 0.0, None]})
    flags = response.responded(wide, "week_2", protocol)
    assert flags[:3].tolist() == [True, False, True]
    assert flags.isna().tolist() == [False, False, False, True]
    remission = response.remitted(pd.DataFrame({"week_2": [9.0, 10.0, None]}), "week_2", protocol)
    assert remission[:2].tolist() == [True, False]
    assert bool(remission.isna()[2])


def test_cgi_i_never_passes_a_threshold(cohort: Datasets, protocol: Protocol) -> None:
    finding = multiplicity.run(cohort, protocol)
    table = next(part for part in finding.parts if isinstance(part, Table) and part.title == "The primary outcomes")
    cgi = next(row for row in table.rows if "CGI-I" in plain(row[0]))
    assert [plain(cell) for cell in cgi[1:]] == ["no test", "–", "–", "no test", "no test", "–", "–"]
    assert len(table.rows) == 8
    assert finding.contract["S75"]["failing"] == [
        "dmn_time_by_response", "sgacc_dmn_time_by_response", "limbic_time_by_response",
    ]  # fmt: skip


def test_bounds_and_worst_case_count_all_who_started(cohort: Datasets, protocol: Protocol) -> None:
    """Published counts force 11/23 to 13/23 at weeks 2 and 8."""
    numbers = {number.id: number.text for number in sensitivity.run(cohort, protocol).numbers()}
    for visit in ("week_2", "week_8"):
        assert numbers[f"sensitivity.bounds.{visit}.low.count"] == "11"
        assert numbers[f"sensitivity.bounds.{visit}.high.count"] == "13"
        assert numbers[f"sensitivity.bounds.{visit}.low.denominator"] == "23"
    said = {number.id: number.text for number in response.run(cohort, protocol).numbers()}
    assert said["response.mcnemar.p"] == "1.000"
    assert (said["response.mcnemar.lost"], said["response.mcnemar.gained"]) == ("3", "3")
    assert said["response.worst_started.week_2.percent"] == "48%"


def test_carrying_the_baseline_forward_gives_the_known_interval(cohort: Datasets, protocol: Protocol) -> None:
    """Week 2, n = 23: -14.65 (-18.68 to -10.63), recomputed with scipy 1.17.1."""
    numbers = {number.id: number.text for number in sensitivity.run(cohort, protocol).numbers()}
    prefix = "sensitivity.carried.week_2"
    found = [numbers[f"{prefix}.{name}"] for name in ("n", "change", "change.low", "change.high")]
    assert found == ["23", "−14.65", "−18.68", "−10.63"]


def test_effect_sizes_carry_their_definitions(cohort: Datasets, protocol: Protocol) -> None:
    parts = ANALYSES["madrs_course"](cohort, protocol).parts
    table = next(part for part in parts if isinstance(part, Table) and "by definition" in part.title)
    assert {plain(note).split(":")[0] for note in table.notes} == {"d_total", "d_z", "d_av", "hedges_g"}
