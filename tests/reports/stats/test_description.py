"""Descriptions of numeric variables."""

from __future__ import annotations

import statistics

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.stats.description import Description, describe
from reports.stats.errors import StatsError
from tests.reports.stats.reference import data


@settings(deadline=None)
@given(st.lists(st.integers(0, 60), min_size=2, max_size=40))
def test_a_description_equals_the_standard_library(scores: list[int]) -> None:
    """Python 3.11 `statistics`."""
    ours = describe(scores)
    assert ours.mean == pytest.approx(statistics.fmean(scores))
    assert ours.sd == pytest.approx(statistics.stdev(scores))
    assert (ours.median, ours.minimum, ours.maximum) == (statistics.median(scores), min(scores), max(scores))


def test_the_synthetic_baseline_has_the_published_mean_and_sd() -> None:
    """Published: MADRS 28.83 (3.94), n = 23."""
    ours = describe(data("madrs").query("visit == 'base'")["madrs"])
    assert ours.n == 23
    assert ours.mean == pytest.approx(28.83, abs=0.005)
    assert ours.sd == pytest.approx(3.94, abs=0.005)


def test_missing_values_are_not_counted() -> None:
    assert describe([1.0, None, 3.0]) == describe(pd.Series([1.0, 3.0, float("nan")])) == describe([3.0, 1.0])
    assert describe(pd.array([1, None, 3], dtype="Int64")).n == 2  # type: ignore[arg-type]


def test_nothing_and_one_value_leave_the_undefined_open() -> None:
    assert describe([]) == Description(0, None, None, None, None, None)
    assert describe([4]) == Description(1, 4.0, None, 4.0, 4.0, 4.0)


@pytest.mark.parametrize("value", ["ten", float("inf")])
def test_text_and_infinity_are_refused(value: float) -> None:
    with pytest.raises(StatsError, match="correct the data set"):
        describe([1.0, value])
