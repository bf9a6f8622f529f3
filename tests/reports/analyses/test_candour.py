"""What the report says of its own limits: n, losses, fragile passes, the other reading.

Expected numbers are recomputed from tests/reports/data/cohort.csv here, or come from the catalogue of published
statistics (R 4.2.2, pbkrtest 0.5.2 for Kenward-Roger).
"""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from reports.analyses import baseline, connectivity, madrs_course, multiplicity, response, sensitivity, serum
from reports.analyses.finding import Finding, course, population
from reports.datasets import Datasets
from reports.display.parts import Table, Text, plain
from tests.reports.extracts import DATA
from trial.protocol import Protocol

SOURCE = pd.read_csv(DATA / "cohort.csv", comment="#").set_index("id")


def tables(finding: Finding) -> dict[str, Table]:
    return {plain(part.title): part for part in finding.parts if isinstance(part, Table)}


def said(finding: Finding) -> str:
    return " ".join(plain(part) for part in finding.parts if isinstance(part, tuple))


def column(table: Table, head: str) -> list[str]:
    return [plain(row[[plain(name) for name in table.head].index(head)]) for row in table.rows]


def without(cohort: Datasets, visit: str) -> Datasets:
    """The cohort before anybody came to a visit."""
    return replace(cohort, adqs=cohort.adqs[cohort.adqs["AVISIT"] != visit])


def test_an_imaging_outcome_is_named_for_what_its_coefficient_is(cohort: Datasets, protocol: Protocol) -> None:
    table = tables(multiplicity.run(cohort, protocol))["The primary outcomes"]
    outcomes = column(table, "Outcome")
    assert outcomes[2] == "Default mode network, time: change in responders"
    assert outcomes[3].endswith("change in non-responders minus change in responders")
    assert column(table, "n") == ["21", "–", *["21"] * 6]


def test_a_pass_that_kenward_roger_does_not_confirm_is_called_fragile(cohort: Datasets, protocol: Protocol) -> None:
    finding = multiplicity.run(cohort, protocol)
    decided = dict(
        zip(
            *(column(tables(finding)["The primary outcomes"], name) for name in ("Outcome", "Bonferroni (KR)")),
            strict=True,
        )
    )
    assert decided["Default mode network, time: change in responders"] == "does not pass"
    assert decided["Limbic system, time: change in responders"] == "does not pass"
    assert decided["Subgenual cingulate to default mode network, time: change in responders"] == "passes"
    fragile = {number.id: number.text for number in finding.numbers() if number.id.endswith(".fragile")}
    assert fragile == {
        "multiplicity.dmn_time.fragile": "0.00667", "multiplicity.limbic_time.fragile": "0.00712",
    }  # fmt: skip
    assert "Fragile" in said(finding)


def test_the_change_by_the_model_stands_beside_the_observed_one(cohort: Datasets, protocol: Protocol) -> None:
    """sgACC, non-responders: -0.0647 + 0.0574 by the model, and of the other sign as observed."""
    numbers = {number.id: number.text for number in connectivity.run(cohort, protocol).numbers()}
    assert numbers["connectivity.change.sgacc_dmn.non_responders.model"] == "−0.007"
    assert numbers["connectivity.change.sgacc_dmn.non_responders.mean"] == "0.007"
    assert not any(identity.startswith("connectivity.change.visual") for identity in numbers)


def test_the_anova_refuses_a_declared_visit_at_which_nobody_was_seen(cohort: Datasets, protocol: Protocol) -> None:
    early = without(cohort, "week_8")
    wide = course(early, "MADRS", population(early, protocol, "per_protocol").subjects)
    anova, refusal = madrs_course.over_time(wide, protocol.analysis.repeated_measures_visits.codes)
    assert (anova, refusal) == (None, "Nobody was observed at week 8.")
    assert "not possible. Nobody was observed at week 8." in said(madrs_course.run(early, protocol))


def test_a_mixed_model_says_how_many_it_counts(cohort: Datasets, protocol: Protocol) -> None:
    nobody_after = cohort.adqs[(cohort.adqs["USUBJID"] != "S23")]
    table = tables(sensitivity.run(replace(cohort, adqs=nobody_after), protocol))
    shown = column(table["Change in MADRS from baseline by mixed model for repeated measures"], "n")
    assert shown == ["22"] * len(shown)
    notes = " ".join(plain(note) for part in table.values() for note in part.notes)
    assert "flatter" not in notes
    assert "no robust standard error" in notes


def test_the_other_reading_of_response_leaves_out_exact_ties(cohort: Datasets, protocol: Protocol) -> None:
    """Of the 21 seen at week 8 one fell by exactly half, so more than 50% leaves 10."""
    seen = SOURCE.dropna(subset=["madrs_base", "madrs_wk8"])
    ties = int((2 * seen["madrs_wk8"] == seen["madrs_base"]).sum())
    assert ties == 1
    numbers = {number.id: number.text for number in response.run(cohort, protocol).numbers()}
    assert numbers["response.strict.week_8.count"] == str(11 - ties)
    assert numbers["response.strict.week_8.denominator"] == "21"
    assert "exact McNemar p 1.000" in said(response.run(cohort, protocol))


def test_firth_regressions_show_events_and_n(cohort: Datasets, protocol: Protocol) -> None:
    table = next(part for title, part in tables(serum.run(cohort, protocol)).items() if "log odds" in title)
    counted = dict(zip(column(table, "Effect"), column(table, "Events / n"), strict=True))
    odd = int((SOURCE.loc[SOURCE["completed_infusion"] == 1, "age"] % 2).sum())
    assert counted["Nausea"] == f"{odd}/22"


def test_a_race_that_is_not_reported_is_not_counted_as_non_white(cohort: Datasets, protocol: Protocol) -> None:
    adsl = cohort.adsl.assign(RACE=cohort.adsl["RACE"].mask(cohort.adsl["USUBJID"] == "S01", "unknown"))
    finding = baseline.run(replace(cohort, adsl=adsl), protocol)
    assert finding.contract["S11"]["white.count"] == 22
    assert finding.contract["S11"]["non_white.count"] == 0
    assert "Race: Not reported" in column(next(iter(tables(finding).values())), "Characteristic")


@pytest.mark.parametrize("analysis", [madrs_course, response, sensitivity])
def test_who_is_counted_is_a_number_of_the_report(analysis: object, cohort: Datasets, protocol: Protocol) -> None:
    finding = analysis.run(cohort, protocol)  # type: ignore[attr-defined]
    populations: list[Text] = [
        part.population for part in tables(finding).values() if not isinstance(part.population, str)
    ]
    assert populations
    ids = {number.id for number in finding.numbers()}
    for words in populations:
        assert any(not isinstance(piece, str) and piece.id in ids for piece in words)


def test_the_baseline_is_said_of_those_who_have_one(cohort: Datasets, protocol: Protocol) -> None:
    """23 started; when one of them has no MADRS before the infusion, 22 are not called the 22 who started."""
    rated = cohort.adqs
    lacking = rated[~((rated["USUBJID"] == "S02") & (rated["PARAMCD"] == "MADRS") & rated["ABLFL"])]
    assert "before the infusion in the 23 who started;" in said(madrs_course.run(cohort, protocol))
    told = said(madrs_course.run(replace(cohort, adqs=lacking), protocol))
    assert "before the infusion in the 22 with a baseline of the 23 who started;" in told
