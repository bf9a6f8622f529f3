"""Proportions with confidence limits, and the exact test of a change in a yes/no outcome."""

from __future__ import annotations

from dataclasses import dataclass

from scipy import stats

from reports.stats.errors import StatsError

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Proportion:
    """A count of a denominator; percent and 95% limits (Wilson; Clopper-Pearson as exact) in percent."""

    count: int
    denominator: int
    percent: float
    wilson_low: float
    wilson_high: float
    exact_low: float
    exact_high: float


@dataclass(frozen=True)
class McNemar:
    """A paired yes/no outcome at two times: four counts and the exact two-sided p."""

    both: int
    lost: int
    gained: int
    neither: int
    n: int
    p: float


def proportion(count: int, denominator: int) -> Proportion:
    """Return count/denominator in percent with 95% limits.

    Wilson (1927) score limits without continuity correction; Clopper-Pearson (1934) exact limits.
    Raises StatsError on an empty denominator or a count outside it.
    """
    if denominator < 1:
        raise StatsError(f"A proportion needs a denominator of at least 1, got {denominator}; print the count alone.")
    if not 0 <= count <= denominator:
        raise StatsError(f"The count {count} lies outside 0 to {denominator}; check the population of the count.")
    test = stats.binomtest(int(count), int(denominator))
    wilson, exact = (test.proportion_ci(CONFIDENCE, method=method) for method in ("wilson", "exact"))
    return Proportion(
        count=int(count),
        denominator=int(denominator),
        percent=100 * count / denominator,
        wilson_low=100 * float(wilson.low),
        wilson_high=100 * float(wilson.high),
        exact_low=100 * float(exact.low),
        exact_high=100 * float(exact.high),
    )


def mcnemar_exact(both: int, lost: int, gained: int, neither: int) -> McNemar:
    """Test whether as many subjects lost the outcome as gained it (exact binomial, McNemar 1947).

    both, neither: subjects alike at both times; lost: first time only; gained: second time only.
    With no discordant pair p is 1. Raises StatsError on negative counts or no subject.
    """
    counts = (both, lost, gained, neither)
    if min(counts) < 0 or sum(counts) == 0:
        raise StatsError(f"McNemar needs counts of at least one subject, none negative; got {counts}.")
    discordant = lost + gained
    p = 1.0 if discordant == 0 else float(stats.binomtest(int(lost), int(discordant), 0.5).pvalue)
    return McNemar(int(both), int(lost), int(gained), int(neither), int(sum(counts)), p)
