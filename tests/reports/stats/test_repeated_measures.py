"""Repeated-measures ANOVA against R 4.2.2, afex 1.2-1."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from reports.stats.errors import StatsError
from reports.stats.repeated_measures import RepeatedMeasures, rm_anova
from tests.reports.stats.reference import data, golden

AFEX = {name: values for name, values in golden("repeated_measures_r").items() if name != "provenance"}
PRINTED = [
    pytest.param(name, quantity, text, id=f"{name}-{quantity}")
    for name, values in AFEX.items()
    for quantity, text in values["printed"].items()
]


def analysed(name: str) -> RepeatedMeasures:
    match name:
        case "sleep":
            return rm_anova(data("sleep"), subject="Subject", within="Days", value="Reaction")
        case "orthodont":
            return rm_anova(data("orth"), subject="Subject", within="age", value="distance")
        case "chick_diet1":
            return rm_anova(data("chick").query("Diet == 1"), subject="Chick", within="Time", value="weight")
        case "madrs":
            return rm_anova(data("madrs"), subject="id", within="visit", value="madrs")
    raise KeyError(name)


@pytest.mark.parametrize(("name", "quantity", "text"), PRINTED)
def test_every_printed_digit_of_afex_is_reproduced(name: str, quantity: str, text: str) -> None:
    result = analysed(name)
    corrected = {
        "corrected_df1": result.epsilon * result.df1,
        "corrected_df2": result.epsilon * result.df2,
    }
    ours = corrected.get(quantity) or getattr(result, quantity)
    half_unit = 0.5 * 10.0 ** int(Decimal(text).as_tuple().exponent)
    assert ours == pytest.approx(float(text), abs=1.001 * half_unit)


@pytest.mark.parametrize("name", AFEX)
def test_every_dropped_subject_is_counted(name: str) -> None:
    result = analysed(name)
    assert result.n == AFEX[name]["kept"]
    assert len(result.dropped) == AFEX[name]["subjects"] - AFEX[name]["kept"]


def test_subjects_with_a_missing_row_or_value_are_dropped_by_name() -> None:
    frame = data("madrs")
    incomplete = frame.groupby("id")["madrs"].count().loc[lambda seen: seen < 4].index
    gap = frame.assign(madrs=frame["madrs"].mask((frame["id"] == "S05") & (frame["visit"] == "wk2")))
    without_row = gap[~((gap["id"] == "S07") & (gap["visit"] == "d1"))]
    result = rm_anova(without_row, subject="id", within="visit", value="madrs")
    assert set(result.dropped) == {*incomplete, "S05", "S07"}
    assert result.n == 19


def test_two_levels_are_the_squared_paired_t_test() -> None:
    """scipy's ttest_rel; sphericity holds by definition, so Mauchly's test is absent and p_gg = p."""
    wide = data("madrs").pivot(index="id", columns="visit", values="madrs")[["base", "d1"]].dropna()
    expected = stats.ttest_rel(wide["d1"], wide["base"])
    result = rm_anova(data("madrs").query("visit in ['base', 'd1']"), subject="id", within="visit", value="madrs")
    assert result.statistic == pytest.approx(expected.statistic**2)
    assert result.p == result.p_gg == pytest.approx(expected.pvalue)
    assert (result.epsilon, result.mauchly_w, result.mauchly_p) == (1.0, None, None)


def test_the_order_of_rows_does_not_matter() -> None:
    frame = data("madrs")
    shuffled = frame.iloc[np.random.default_rng(3).permutation(len(frame))]
    result = rm_anova(shuffled, subject="id", within="visit", value="madrs")
    assert result.statistic == pytest.approx(analysed("madrs").statistic)
    assert sorted(result.dropped) == sorted(analysed("madrs").dropped)


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (data("madrs").drop(columns="visit"), "lacks"),
        (pd.concat([data("madrs"), data("madrs").head(1)]), "S01 at base"),
        (data("madrs").assign(id=None), "is missing in some rows"),
        (data("madrs").query("visit == 'base'"), "complete subjects at 1 levels"),
        (data("madrs").head(0), "0 complete subjects"),
        (data("madrs").query("id in ['S01', 'S02', 'S03']"), "3 complete subjects at 4 levels"),
        (
            data("madrs").assign(madrs=lambda rows: rows["madrs"].mask(rows["visit"] == "wk8")),
            "0 complete subjects at 4",
        ),
        (data("madrs").assign(madrs=20), "does not vary"),
    ],
)
def test_data_that_allow_no_anova_are_refused_with_the_reason(frame: pd.DataFrame, message: str) -> None:
    with pytest.raises(StatsError, match=message):
        rm_anova(frame, subject="id", within="visit", value="madrs")
