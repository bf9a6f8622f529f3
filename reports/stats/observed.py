"""Observed values and complete pairs: the one place where missing values are left out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reports.stats.errors import StatsError

Vector: TypeAlias = NDArray[np.float64]
Values: TypeAlias = "Sequence[float | None] | Vector | pd.Series[float]"


def as_floats(values: Values, where: str) -> Vector:
    """Return the values as a float vector, missing as NaN; raise StatsError on text or infinity."""
    try:
        floats = pd.to_numeric(pd.Series(list(values), dtype=object), errors="raise")
    except (TypeError, ValueError) as error:
        raise StatsError(f"{where} holds a value that is no number ({error}); correct the data set.") from error
    vector = floats.to_numpy(dtype=float, na_value=np.nan)
    if np.isinf(vector).any():
        raise StatsError(f"{where} holds an infinite value; correct the data set.")
    return np.asarray(vector, dtype=float)


def observed(values: Values, where: str) -> Vector:
    """Return the values that are not missing, in order."""
    vector = as_floats(values, where)
    return vector[~np.isnan(vector)]


def observed_pairs(first: Values, second: Values, where: str) -> tuple[Vector, Vector]:
    """Return both vectors restricted to positions where both are observed.

    Two series must carry the same index in the same order, so that a pair is one subject.
    """
    if len(first) != len(second):
        raise StatsError(f"{where} needs pairs, got {len(first)} and {len(second)} values; align them by subject.")
    if isinstance(first, pd.Series) and isinstance(second, pd.Series) and not first.index.equals(second.index):
        raise StatsError(f"{where} got two series with different indexes; align them by subject.")
    x, y = as_floats(first, where), as_floats(second, where)
    complete = ~(np.isnan(x) | np.isnan(y))
    return x[complete], y[complete]


def require_spread(values: Vector, where: str) -> None:
    """Refuse values that do not vary beyond rounding error of their own size."""
    if np.ptp(values) <= 1e-12 * max(1.0, float(np.abs(values).max())):
        raise StatsError(f"{where} does not vary (all {values[0]:g}); no test is possible, describe it instead.")


def require_count(values: Vector, least: int, where: str) -> None:
    """Refuse fewer than `least` values."""
    if len(values) < least:
        raise StatsError(f"{where} needs at least {least} observed values, got {len(values)}; describe it instead.")
