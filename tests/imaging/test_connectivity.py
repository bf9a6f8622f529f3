"""Connectivity is averaged as Fisher z; the baseline is the mean of the scans before the infusion."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imaging.connectivity import baseline, change, fisher_z, mean_fisher_z


@given(st.lists(st.floats(-0.99, 0.99), min_size=1, max_size=50))
def test_the_mean_is_that_of_numpys_arctanh(correlations: list[float]) -> None:
    assert mean_fisher_z(correlations) == pytest.approx(float(np.arctanh(correlations).mean()), abs=1e-12)


def test_averaging_z_differs_from_averaging_r() -> None:
    assert math.tanh(mean_fisher_z([0.1, 0.9])) > 0.5


@pytest.mark.parametrize("r", [1.0, -1.0, 1.2, math.nan])
def test_the_diagonal_has_no_fisher_z(r: float) -> None:
    with pytest.raises(ValueError, match="no Fisher z"):
        fisher_z(r)


def test_a_network_without_pairs_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one pair"):
        mean_fisher_z([])


@pytest.mark.parametrize(
    ("sessions", "before", "difference"),
    [
        ({"pre1": 0.2, "pre2": 0.4, "post": 0.1}, 0.3, -0.2),
        ({"pre1": 0.2, "post": 0.1}, 0.2, -0.1),
        ({"pre2": 0.4}, 0.4, None),
        ({"post": 0.1}, None, None),
    ],
)
def test_the_baseline_is_the_mean_of_the_scans_before(
    sessions: dict[str, float], before: float | None, difference: float | None
) -> None:
    assert baseline(sessions) == pytest.approx(before)
    assert change(sessions) == pytest.approx(difference)
