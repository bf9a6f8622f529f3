"""Change from baseline in complete pairs: the paired t test and its effect sizes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special, stats

from reports.stats.errors import StatsError
from reports.stats.observed import Values, Vector, observed_pairs, require_count, require_spread

CONFIDENCE = 0.95

DEFINITIONS: dict[str, str] = {
    "d_total": (
        "Mean baseline minus mean post, divided by the SD of all scores pooled over both times; bounded by "
        "about 2 and not comparable with the usual d. Working reading of the published Cohen's d."
    ),
    "d_z": "Mean improvement divided by the SD of the individual improvements.",
    "d_av": "Mean improvement divided by the root mean square of the baseline SD and the post SD.",
    "hedges_g": "d_z multiplied by Hedges' exact small-sample factor for n - 1 degrees of freedom.",
}


@dataclass(frozen=True)
class PairedT:
    """Paired t test of change = post - baseline, in the scale's points; 95% limits."""

    n: int
    mean_change: float
    sd_change: float
    statistic: float
    df: int
    p: float
    ci_low: float
    ci_high: float


@dataclass(frozen=True)
class PairedEffects:
    """Standardised effects of complete pairs; positive means the score fell (improvement). See DEFINITIONS."""

    n: int
    d_total: float
    d_z: float
    d_av: float
    hedges_g: float


def paired_t(baseline: Values, post: Values) -> PairedT:
    """Test the mean change (post - baseline) of complete pairs against zero, two-sided.

    baseline, post: equal length, one position per subject; incomplete pairs are left out of n.
    Raises StatsError below two pairs or when the change does not vary.
    """
    change = _change(baseline, post, "paired t")
    n, mean, sd = len(change), float(change.mean()), float(change.std(ddof=1))
    error = sd / np.sqrt(n)
    statistic = mean / error
    half_width = float(stats.t.ppf((1 + CONFIDENCE) / 2, n - 1)) * error
    return PairedT(
        n=n,
        mean_change=mean,
        sd_change=sd,
        statistic=float(statistic),
        df=n - 1,
        p=float(2 * stats.t.sf(abs(statistic), n - 1)),
        ci_low=float(mean - half_width),
        ci_high=float(mean + half_width),
    )


def paired_effects(baseline: Values, post: Values) -> PairedEffects:
    """Return the effect sizes of DEFINITIONS for complete pairs; positive is improvement (a fall).

    Raises StatsError below two pairs or when the change does not vary.
    """
    change = _change(baseline, post, "paired effects")
    before, after = observed_pairs(baseline, post, "paired effects")
    fall = -float(change.mean())
    d_z = fall / float(change.std(ddof=1))
    return PairedEffects(
        n=len(change),
        d_total=fall / float(np.concatenate([before, after]).std(ddof=1)),
        d_z=d_z,
        d_av=fall / float(np.sqrt((before.var(ddof=1) + after.var(ddof=1)) / 2)),
        hedges_g=d_z * small_sample_factor(len(change) - 1),
    )


def small_sample_factor(df: int) -> float:
    """Return Hedges' exact correction for a standardised mean (1981): 1 - 3/(4 df - 1) approximates it."""
    if df < 2:
        raise StatsError(f"Hedges' factor needs at least 2 degrees of freedom, got {df}; print d_z alone.")
    log_ratio = special.gammaln(df / 2) - special.gammaln((df - 1) / 2)
    return float(np.exp(log_ratio) / np.sqrt(df / 2))


def _change(baseline: Values, post: Values, where: str) -> Vector:
    before, after = observed_pairs(baseline, post, where)
    change = after - before
    require_count(change, 2, f"{where} (pairs)")
    require_spread(change, f"The change in {where}")
    return change
