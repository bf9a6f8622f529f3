"""Proportions and McNemar's exact test against statsmodels 0.15."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.proportion import proportion_confint

from reports.stats.errors import StatsError
from reports.stats.proportions import mcnemar_exact, proportion
from tests.reports.stats.reference import golden

LIMITS = golden("proportions")["limits"]
COUNTS = st.integers(1, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@pytest.mark.parametrize("fraction", LIMITS)
def test_the_published_proportions_have_the_reference_limits(fraction: str) -> None:
    count, denominator = map(int, fraction.split("/"))
    ours = proportion(count, denominator)
    assert (ours.wilson_low, ours.wilson_high) == pytest.approx(tuple(LIMITS[fraction]["wilson"]), abs=0.0501)
    assert (ours.exact_low, ours.exact_high) == pytest.approx(tuple(LIMITS[fraction]["exact"]), abs=0.0501)


@settings(deadline=None)
@given(counts=COUNTS)
def test_limits_enclose_the_percent_and_equal_statsmodels(counts: tuple[int, int]) -> None:
    ours = proportion(*counts)
    wilson = [100 * limit for limit in proportion_confint(*counts, method="wilson")]
    exact = [100 * limit for limit in proportion_confint(*counts, method="beta")]
    assert [ours.wilson_low, ours.wilson_high] == pytest.approx(wilson, abs=1e-7)
    assert [ours.exact_low, ours.exact_high] == pytest.approx(exact, abs=1e-7)
    slack = 1e-9
    assert -slack <= ours.wilson_low <= ours.percent + slack
    assert ours.percent - slack <= ours.wilson_high <= 100 + slack


@settings(deadline=None)
@given(counts=COUNTS)
def test_failures_mirror_successes(counts: tuple[int, int]) -> None:
    ours, mirror = proportion(*counts), proportion(counts[1] - counts[0], counts[1])
    assert ours.wilson_low == pytest.approx(100 - mirror.wilson_high, abs=1e-8)
    assert ours.exact_low == pytest.approx(100 - mirror.exact_high, abs=1e-8)


def test_the_response_of_week_2_and_week_8_differs_by_nothing() -> None:
    """8 both, 3 lost, 3 gained, 7 neither: fixed by the published counts, p = 1."""
    test = mcnemar_exact(8, 3, 3, 7)
    assert (test.n, test.p) == (21, 1.0)


@settings(max_examples=50, deadline=None)
@given(counts=st.lists(st.integers(0, 30), min_size=4, max_size=4).filter(any))
def test_mcnemar_equals_statsmodels_and_ignores_direction(counts: list[int]) -> None:
    both, lost, gained, neither = counts
    test = mcnemar_exact(both, lost, gained, neither)
    expected = mcnemar([[both, lost], [gained, neither]], exact=True).pvalue if lost + gained else 1.0
    assert test.p == pytest.approx(expected)
    assert test.p == pytest.approx(mcnemar_exact(both, gained, lost, neither).p)


def test_six_lost_and_none_gained_is_the_binomial_tail() -> None:
    assert mcnemar_exact(5, 6, 0, 5).p == pytest.approx(2 / 64)


@pytest.mark.parametrize(("count", "denominator"), [(0, 0), (5, 4), (-1, 4)])
def test_a_count_outside_its_denominator_is_refused(count: int, denominator: int) -> None:
    with pytest.raises(StatsError):
        proportion(count, denominator)


@pytest.mark.parametrize("counts", [(0, 0, 0, 0), (1, -1, 0, 0)])
def test_a_table_of_nobody_is_refused(counts: tuple[int, int, int, int]) -> None:
    with pytest.raises(StatsError, match="at least one subject"):
        mcnemar_exact(*counts)
