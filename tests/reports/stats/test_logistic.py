"""Firth's logistic regression against an independent Newton iteration of its score (Firth 1993)."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import optimize, stats

from reports.stats.errors import StatsError
from reports.stats.logistic import firth

X = np.arange(21.0)
SCALED = (X - 10) / 5
SEPARATED = (X >= 18).astype(float)
OVERLAPPING = np.isin(X, [8, 14, 19]).astype(float)


def penalised(beta: NDArray[np.float64], x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """Return the negative log-likelihood with Jeffreys' penalty, written out."""
    design = np.column_stack([np.ones_like(x), x])
    eta = design @ beta
    mu = 1 / (1 + np.exp(-eta))
    information = design.T @ (design * (mu * (1 - mu))[:, None])
    return -float(y @ eta - np.logaddexp(0, eta).sum() + np.linalg.slogdet(information)[1] / 2)


@pytest.mark.parametrize(("y", "estimate", "se"), [(SEPARATED, 4.4817, 2.786), (OVERLAPPING, 0.4953, 0.521)])
def test_the_slope_equals_an_independent_newton_iteration(y: NDArray[np.float64], estimate: float, se: float) -> None:
    """Values of a separate implementation of the modified score, four decimals, inverse Fisher information."""
    ours = firth(SCALED, y)
    assert (ours.n, ours.events) == (21, 3)
    assert ours.estimate == pytest.approx(estimate, abs=3e-4)
    assert ours.se == pytest.approx(se, abs=1e-3)


@pytest.mark.parametrize("y", [SEPARATED, OVERLAPPING])
def test_p_is_the_penalised_likelihood_ratio(y: NDArray[np.float64]) -> None:
    """The null model keeps the slope's row in the penalty, as R logistf does."""
    full = optimize.minimize(penalised, [0.0, 0.0], args=(SCALED, y), method="BFGS").fun
    null = optimize.minimize_scalar(lambda level: penalised(np.array([level, 0.0]), SCALED, y)).fun
    assert firth(SCALED, y).p == pytest.approx(stats.chi2.sf(2 * (null - full), 1), abs=1e-5)


@settings(max_examples=20, deadline=None)
@given(shift=st.floats(-100, 100), factor=st.floats(0.01, 1000))
def test_the_unit_of_the_measure_moves_the_slope_alone(shift: float, factor: float) -> None:
    ours, moved = firth(SCALED, OVERLAPPING), firth(shift + factor * SCALED, OVERLAPPING)
    assert moved.estimate == pytest.approx(ours.estimate / factor, rel=1e-5)
    assert moved.p == pytest.approx(ours.p, abs=1e-6)


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        ([1, 2, 3], [0, 0, 0], "both 0 and 1"),
        ([1, 2, 3], [0, 1, 2], "both 0 and 1"),
        ([2, 2, 2], [0, 1, 0], "vary"),
    ],
)
def test_data_without_a_question_are_refused(x: list[float], y: list[float], message: str) -> None:
    with pytest.raises(StatsError, match=message):
        firth(x, y)
