"""Bonferroni and Holm: the published threshold and statsmodels 0.15."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from reports.stats.errors import StatsError
from reports.stats.multiplicity import bonferroni, holm

PUBLISHED = [0.0005, 0.0005, 0.001, 0.003, 0.003, 0.028, 0.051, 0.54]


def test_the_published_threshold_is_a_twentieth_over_eight() -> None:
    assert bonferroni(0.05, 8) == 0.00625


def test_holm_gives_the_published_decisions() -> None:
    decisions = holm({f"test {i}": p for i, p in enumerate(PUBLISHED)})
    assert [decision.rejected for decision in decisions.values()] == [True] * 5 + [False] * 3
    adjusted = [0.004, 0.004, 0.006, 0.015, 0.015, 0.084, 0.102, 0.54]
    assert [decision.adjusted_p for decision in decisions.values()] == pytest.approx(adjusted)


@settings(max_examples=15, deadline=None)  # statsmodels collects garbage at every call
@given(p=st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_equals_statsmodels_in_the_order_given(p: list[float]) -> None:
    decisions = holm({str(i): value for i, value in enumerate(p)})
    rejected, adjusted = multipletests(p, alpha=0.05, method="holm")[:2]
    assert [decision.p for decision in decisions.values()] == p
    assert [decision.adjusted_p for decision in decisions.values()] == pytest.approx(list(adjusted))
    assert [decision.rejected for decision in decisions.values()] == list(rejected)


def test_what_is_no_family_is_refused() -> None:
    with pytest.raises(StatsError):
        bonferroni(0.05, 0)
    with pytest.raises(StatsError):
        bonferroni(1.5, 2)
    with pytest.raises(StatsError):
        holm({"lost": float("nan")})
    assert holm({}) == {}
