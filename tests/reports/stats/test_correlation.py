"""Pearson's correlation: the published values and numpy 2.4."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.stats.correlation import Correlation, pearson
from reports.stats.errors import StatsError


def with_correlation(r: float, n: int) -> Correlation:
    """Correlate n pairs built to have exactly r."""
    generator = np.random.default_rng(n)
    x, noise = generator.normal(size=(2, n))
    x = (x - x.mean()) / x.std()
    noise = noise - noise.mean() - x * (noise @ x) / n
    return pearson(x, r * x + np.sqrt(1 - r**2) * noise / noise.std())


@pytest.mark.parametrize(
    ("r", "n", "p", "low", "high"), [(0.52, 19, 0.023, 0.09, 0.79), (-0.54, 22, 0.009, -0.78, -0.15)]
)
def test_the_published_correlations_have_the_published_p(r: float, n: int, p: float, low: float, high: float) -> None:
    """Published: hippocampus and BPRS, r to two decimals, p to three; limits by Fisher's z computed by hand."""
    ours = with_correlation(r, n)
    assert (ours.n, ours.df) == (n, n - 2)
    assert ours.estimate == pytest.approx(r)
    strongest, weakest = (with_correlation(r + side * np.sign(r) * 0.005, n).p for side in (1, -1))
    assert strongest < ours.p < weakest
    assert strongest - 5e-4 <= p <= weakest + 5e-4
    assert (ours.ci_low, ours.ci_high) == pytest.approx((low, high), abs=0.005)


@settings(deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(4, 40))
def test_r_equals_numpy_and_ignores_unit_origin_and_order(seed: int, n: int) -> None:
    x, y = np.random.default_rng(seed).normal(size=(2, n))
    ours = pearson(x, y)
    assert ours.estimate == pytest.approx(np.corrcoef(x, y)[0, 1])
    assert ours.estimate == pytest.approx(pearson(3 + 2 * y[::-1], x[::-1]).estimate)
    assert ours.ci_low <= ours.estimate <= ours.ci_high


def test_incomplete_pairs_are_left_out() -> None:
    ours = pearson([1, 2, None, 4, 5, 6], [2.0, 1.0, 9.0, 4.0, None, 5.0])
    assert ours.n == 4
    assert ours.estimate == pytest.approx(pearson([1, 2, 4, 6], [2, 1, 4, 5]).estimate)


@pytest.mark.parametrize(("x", "y"), [([1, 2, 3], [1, 2, 4]), ([1, 2, 3, 4], [2, 2, 2, 2])])
def test_pairs_that_allow_no_correlation_are_refused(x: list[float], y: list[float]) -> None:
    with pytest.raises(StatsError):
        pearson(x, y)
