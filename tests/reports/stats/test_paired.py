"""Paired changes and their effect sizes: R effectsize, pingouin 0.7, scipy 1.17 and the published values."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pingouin
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from reports.stats.errors import StatsError
from reports.stats.paired import DEFINITIONS, PairedEffects, paired_effects, paired_t, small_sample_factor
from tests.reports.stats.reference import data, golden

WIDE = data("madrs").pivot(index="id", columns="visit", values="madrs")
PUBLISHED_D = {"d1": 1.7, "wk2": 1.6, "wk8": 1.5}
D_Z = golden("paired_r")["d_z"]


@pytest.mark.parametrize("visit", PUBLISHED_D)
def test_d_total_prints_as_the_published_d(visit: str) -> None:
    assert paired_effects(WIDE["base"], WIDE[visit]).d_total == pytest.approx(PUBLISHED_D[visit], abs=0.05)


@pytest.mark.parametrize("visit", D_Z)
def test_d_z_equals_effectsize(visit: str) -> None:
    assert paired_effects(WIDE["base"], WIDE[visit]).d_z == pytest.approx(D_Z[visit], abs=0.005)


@pytest.mark.parametrize("visit", PUBLISHED_D)
def test_d_av_is_the_default_of_pingouin(visit: str) -> None:
    pairs = WIDE[["base", visit]].dropna()
    expected = pingouin.compute_effsize(pairs["base"], pairs[visit], paired=True, eftype="cohen")
    assert paired_effects(WIDE["base"], WIDE[visit]).d_av == pytest.approx(expected)


@pytest.mark.parametrize("visit", PUBLISHED_D)
def test_the_paired_t_test_equals_scipy_over_complete_pairs(visit: str) -> None:
    pairs = WIDE[["base", visit]].dropna()
    expected, ours = stats.ttest_rel(pairs[visit], pairs["base"]), paired_t(WIDE["base"], WIDE[visit])
    limits = expected.confidence_interval()
    assert (ours.n, ours.df) == (len(pairs), len(pairs) - 1)
    assert (ours.statistic, ours.p) == pytest.approx((expected.statistic, expected.pvalue))
    assert (ours.ci_low, ours.ci_high) == pytest.approx((limits.low, limits.high))


def test_the_change_at_week_2_is_post_minus_baseline() -> None:
    """-16.05 (-19.90 to -12.19), n = 21: scipy 1.17 t interval on the synthetic cohort."""
    ours = paired_t(WIDE["base"], WIDE["wk2"])
    assert ours.n == 21
    assert (ours.mean_change, ours.ci_low, ours.ci_high) == pytest.approx((-16.05, -19.90, -12.19), abs=0.005)


def test_improvement_is_positive_and_swapping_the_times_turns_every_sign() -> None:
    forth, back = paired_effects(WIDE["base"], WIDE["d1"]), paired_effects(WIDE["d1"], WIDE["base"])
    for name in DEFINITIONS:
        assert getattr(forth, name) > 0
        assert getattr(forth, name) == pytest.approx(-getattr(back, name))


def test_every_effect_has_a_definition() -> None:
    assert set(DEFINITIONS) == {field.name for field in dataclasses.fields(PairedEffects)} - {"n"}


@pytest.mark.parametrize(("df", "table"), [(2, 0.5642), (10, 0.9228), (20, 0.9619), (30, 0.9748)])
def test_the_small_sample_factor_equals_its_table(df: int, table: float) -> None:
    """Hedges (1981), Table 1 gives c(m) to four decimals."""
    assert small_sample_factor(df) == pytest.approx(table, abs=6e-4)
    assert small_sample_factor(df) == pytest.approx(1 - 3 / (4 * df - 1), abs=0.01)


@settings(deadline=None)
@given(
    shift=st.floats(-30, 30),
    factor=st.floats(0.1, 10),
    scores=st.lists(st.tuples(st.integers(20, 45), st.integers(0, 40)), min_size=3, max_size=30).filter(
        lambda pairs: len({b - a for a, b in pairs}) > 1
    ),
)
def test_effects_do_not_depend_on_unit_or_origin(shift: float, factor: float, scores: list[tuple[int, int]]) -> None:
    base, post = np.array(scores, dtype=float).T
    ours, moved = paired_effects(base, post), paired_effects(shift + factor * base, shift + factor * post)
    assert dataclasses.astuple(moved) == pytest.approx(dataclasses.astuple(ours), abs=1e-7)


def test_series_of_different_subjects_are_refused() -> None:
    with pytest.raises(StatsError, match="align them by subject"):
        paired_t(WIDE["base"], WIDE["wk2"].sort_values())
    with pytest.raises(StatsError, match="align them by subject"):
        paired_t([1, 2, 3], [1, 2])


@pytest.mark.parametrize(
    ("base", "post", "message"),
    [
        ([], [], "at least 2"),
        ([30, None], [None, 10], "at least 2"),
        ([30, 31, 32], [20, 21, 22], "does not vary"),
    ],
)
def test_pairs_that_allow_no_test_are_refused(base: list[float | None], post: list[float | None], message: str) -> None:
    for function in (paired_t, paired_effects):
        with pytest.raises(StatsError, match=message):
            function(pd.Series(base, dtype=float), pd.Series(post, dtype=float))
