"""Pearson's correlation of complete pairs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from reports.stats.observed import Values, observed_pairs, require_count, require_spread

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Correlation:
    """Pearson's r of n complete pairs, its t on n - 2 DF, and Fisher z 95% limits."""

    n: int
    estimate: float
    statistic: float
    df: int
    p: float
    ci_low: float
    ci_high: float


def pearson(x: Values, y: Values) -> Correlation:
    """Correlate two variables over complete pairs; limits by Fisher's z (1921), SE 1/sqrt(n - 3).

    Raises StatsError below four pairs or when either variable does not vary.
    """
    first, second = observed_pairs(x, y, "pearson")
    require_count(first, 4, "pearson (pairs)")
    require_spread(first, "The first variable of pearson")
    require_spread(second, "The second variable of pearson")
    n, test = len(first), stats.pearsonr(first, second)
    r = float(test.statistic)
    limits = test.confidence_interval(CONFIDENCE)
    with np.errstate(divide="ignore"):
        statistic = float(np.divide(r * np.sqrt(n - 2), np.sqrt((1 - r) * (1 + r))))
    return Correlation(n, r, statistic, n - 2, float(test.pvalue), float(limits.low), float(limits.high))
