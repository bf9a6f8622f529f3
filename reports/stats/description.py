"""Description of a numeric variable."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reports.stats.observed import Values, observed


@dataclass(frozen=True)
class Description:
    """Observed count, moments and quantiles in the variable's own unit; None where undefined."""

    n: int
    mean: float | None
    sd: float | None
    median: float | None
    minimum: float | None
    maximum: float | None


def describe(values: Values) -> Description:
    """Describe the observed values; missing ones are not counted in n.

    The SD is the sample SD (n - 1), undefined for one value. Raises StatsError on text or infinity.
    """
    seen = observed(values, "describe")
    if len(seen) == 0:
        return Description(0, None, None, None, None, None)
    return Description(
        n=len(seen),
        mean=float(seen.mean()),
        sd=float(seen.std(ddof=1)) if len(seen) > 1 else None,
        median=float(np.median(seen)),
        minimum=float(seen.min()),
        maximum=float(seen.max()),
    )
