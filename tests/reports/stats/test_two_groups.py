"""Welch's and Student's t tests: R's printed sleep example and statsmodels 0.15."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from reports.stats.errors import StatsError
from reports.stats.two_groups import student, welch

DRUG_1 = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
DRUG_2 = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]


def test_welch_prints_as_the_example_of_r() -> None:
    """R manual, t.test(extra ~ group, sleep): t -1.8608, df 17.776, p 0.07939, -3.3654832 to 0.2054832."""
    ours = welch(DRUG_1, DRUG_2)
    assert ours.statistic == pytest.approx(-1.8608, abs=5e-5)
    assert ours.df == pytest.approx(17.776, abs=5e-4)
    assert ours.p == pytest.approx(0.07939, abs=5e-6)
    assert (ours.ci_low, ours.ci_high) == pytest.approx((-3.3654832, 0.2054832), abs=1e-7)
    assert (ours.mean_a, ours.mean_b) == pytest.approx((0.75, 2.33))
    assert ours.difference == pytest.approx(-1.58)


def test_student_has_18_df_on_the_same_data() -> None:
    """R: t.test(..., var.equal = TRUE): t -1.8608, df 18, p 0.07919."""
    ours = student(DRUG_1, DRUG_2)
    assert (ours.df, ours.statistic) == pytest.approx((18, -1.8608), abs=5e-5)
    assert ours.p == pytest.approx(0.07919, abs=5e-6)


@settings(deadline=None)
@given(seed=st.integers(0, 10_000), n_a=st.integers(2, 30), n_b=st.integers(2, 30))
def test_both_tests_equal_statsmodels_and_turn_sign_with_the_groups(seed: int, n_a: int, n_b: int) -> None:
    generator = np.random.default_rng(seed)
    a, b = generator.normal(0, 1, n_a), generator.normal(0.5, 3, n_b)
    compared = CompareMeans(DescrStatsW(a), DescrStatsW(b))
    for function, pooling in ((welch, "unequal"), (student, "pooled")):
        ours, swapped = function(a, b), function(b, a)
        assert (ours.statistic, ours.p, ours.df) == pytest.approx(compared.ttest_ind(usevar=pooling))
        assert (ours.ci_low, ours.ci_high) == pytest.approx(compared.tconfint_diff(usevar=pooling))
        assert (ours.difference, ours.p) == pytest.approx((-swapped.difference, swapped.p))


@pytest.mark.parametrize(
    ("a", "b", "message"), [([1.0], [1.0, 2.0], "group a"), ([1.0, 1.0], [2.0, 2.0], "does not vary")]
)
def test_groups_that_allow_no_test_are_refused(a: list[float], b: list[float], message: str) -> None:
    with pytest.raises(StatsError, match=message):
        welch(a, b)
