"""Two independent groups: Welch's and Student's t test."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from reports.stats.observed import Values, Vector, observed, require_count, require_spread

CONFIDENCE = 0.95


@dataclass(frozen=True)
class TwoGroups:
    """Difference = mean a - mean b in the variable's unit, with its t test and 95% limits."""

    n_a: int
    n_b: int
    mean_a: float
    mean_b: float
    difference: float
    statistic: float
    df: float
    p: float
    ci_low: float
    ci_high: float


def welch(a: Values, b: Values) -> TwoGroups:
    """Compare two groups without assuming equal variances (Welch 1947, Satterthwaite DF)."""
    return _compare(a, b, equal_variances=False)


def student(a: Values, b: Values) -> TwoGroups:
    """Compare two groups assuming equal variances (Student, n_a + n_b - 2 DF)."""
    return _compare(a, b, equal_variances=True)


def _compare(a: Values, b: Values, *, equal_variances: bool) -> TwoGroups:
    first, second = _group(a, "group a"), _group(b, "group b")
    require_spread(np.concatenate([first - first.mean(), second - second.mean()]), "The spread within both groups")
    test = stats.ttest_ind(first, second, equal_var=equal_variances)
    limits = test.confidence_interval(CONFIDENCE)
    return TwoGroups(
        n_a=len(first),
        n_b=len(second),
        mean_a=float(first.mean()),
        mean_b=float(second.mean()),
        difference=float(first.mean() - second.mean()),
        statistic=float(test.statistic),
        df=float(test.df),
        p=float(test.pvalue),
        ci_low=float(limits.low),
        ci_high=float(limits.high),
    )


def _group(values: Values, where: str) -> Vector:
    seen = observed(values, where)
    require_count(seen, 2, where)
    return seen
