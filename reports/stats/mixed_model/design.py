"""From a frame of rows to padded blocks, one per subject, in units that suit the optimiser.

Every subject's block is padded to the longest one: padded rows have zeros in y and X and a one
on the diagonal of V, so they add nothing to any sum, trace or log determinant.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reports.stats.errors import StatsError
from reports.stats.observed import Vector, as_floats

Random = Literal["intercept", "intercept+slope", "unstructured"]
INTERCEPT = "(Intercept)"
RANK_TOLERANCE = 1e-9
Rows: TypeAlias = NDArray[np.intp]


@dataclass(frozen=True)
class Design:
    """S subjects of at most m rows, p fixed columns, k covariance parameters.

    y (S, m) is divided by `scale`; x (S, m, p) by `x_scale`; padding (S, m, m) holds the ones of
    padded rows; basis (k, S, m, m) = dV/dtheta; quadratic (k, k, k): theta_i = u' quadratic_i u / 2
    maps the free Cholesky parameters u, whose diagonal entries are `diagonal`, to theta >= 0.
    """

    names: tuple[str, ...]
    y: Vector
    x: Vector
    padding: Vector
    basis: Vector
    quadratic: Vector
    diagonal: tuple[int, ...]
    random: Random
    scale: float
    x_scale: Vector
    n_observations: int
    n_subjects: int
    n_missing: int


def build_design(
    frame: pd.DataFrame,
    *,
    value: str,
    fixed: list[str],
    subject: str,
    random: Random,
    slope: str | None,
    visit: str | None,
) -> Design:
    """Check the frame and lay it out; rows whose outcome is missing are left out and counted."""
    within = _within_column(random, slope, visit)
    columns = [value, *fixed, subject] + ([within] if within else [])
    absent = [name for name in dict.fromkeys(columns) if name not in frame.columns]
    if absent:
        raise StatsError(f"The mixed model of {value}: the frame lacks {absent}; it has {list(frame.columns)}.")
    outcome = as_floats(frame[value], f"{value} in the mixed model")
    rows = frame.loc[~np.isnan(outcome)]
    y = outcome[~np.isnan(outcome)]
    holes = [name for name in columns if name != value and rows[name].isna().any()]
    if holes:
        raise StatsError(f"The mixed model of {value}: {holes} are missing in observed rows; correct the data set.")
    x = np.column_stack([np.ones(len(rows)), *(as_floats(rows[name], name) for name in fixed)])
    names = (INTERCEPT, *fixed)
    scale, x_scale = _scales(x, y, names, value)
    subjects, counts = pd.factorize(rows[subject])[0], rows.groupby(subject, sort=False, observed=True).size()
    loadings = _loadings(rows, random, within, subjects)
    if len(counts) < 2:
        raise StatsError(f"The mixed model of {value} needs at least two subjects, got {len(counts)}.")
    if random != "unstructured" and len(counts) == len(rows):
        raise StatsError(f"The mixed model of {value} has one row per subject; use ordinary regression instead.")
    width = int(counts.max())
    within_subject = rows.groupby(subject, sort=False, observed=True).cumcount()
    place = (subjects, np.asarray(within_subject, dtype=np.intp))
    blocks = [_pad(part, place, len(counts), width) for part in (y / scale, x / x_scale, loadings, np.ones(len(rows)))]
    basis, quadratic, diagonal = _covariance(blocks[2], blocks[3], random)
    padding = np.eye(width) * (1 - blocks[3])[:, :, None]
    return Design(
        names,
        blocks[0],
        blocks[1],
        padding,
        basis,
        quadratic,
        diagonal,
        random,
        scale,
        x_scale,
        n_observations=len(rows),
        n_subjects=len(counts),
        n_missing=len(frame) - len(rows),
    )


def _within_column(random: Random, slope: str | None, visit: str | None) -> str | None:
    if random not in ("intercept", "intercept+slope", "unstructured"):
        raise StatsError(f"Unknown random structure {random!r}; choose intercept, intercept+slope or unstructured.")
    needed = {"intercept": None, "intercept+slope": slope, "unstructured": visit}[random]
    if random != "intercept" and needed is None:
        raise StatsError(f"random={random!r} needs {'slope' if random == 'intercept+slope' else 'visit'}=<column>.")
    return needed


def _scales(x: Vector, y: Vector, names: tuple[str, ...], value: str) -> tuple[float, Vector]:
    """Return the residual SD of least squares and the columns' sizes; refuse a design without full rank."""
    n, p = x.shape
    if n <= p:
        raise StatsError(f"The mixed model of {value} has {n} rows for {p} fixed columns; use fewer columns.")
    size = np.sqrt((x**2).mean(axis=0))
    size[size == 0] = 1.0
    if np.linalg.matrix_rank(x / size, tol=RANK_TOLERANCE * np.sqrt(n)) < p:
        raise StatsError(f"The fixed columns {list(names)} are linearly dependent; leave one out.")
    residual = y - (x / size) @ np.linalg.lstsq(x / size, y, rcond=None)[0]
    scale = float(np.sqrt(residual @ residual / n))
    if scale <= RANK_TOLERANCE * max(1e-300, float(np.abs(y).max())):
        raise StatsError(f"{value} has no spread beyond the fixed columns; no mixed model is possible.")
    return scale, size


def _loadings(rows: pd.DataFrame, random: Random, within: str | None, subjects: Rows) -> Vector:
    """Return the rows of Z (n, q): ones, ones and slope, or visit indicators."""
    if random == "intercept" or within is None:
        return np.ones((len(rows), 1))
    if random == "intercept+slope":
        times = as_floats(rows[within], within)
        largest = float(np.abs(times).max())
        if largest == 0 or np.ptp(times) == 0:
            raise StatsError(f"The slope column {within} does not vary; use a random intercept.")
        return np.column_stack([np.ones(len(rows)), times / largest])
    codes, levels = pd.factorize(rows[within], sort=True)
    indicators = np.eye(len(levels))[codes]
    _check_visits(indicators, subjects, [str(level) for level in levels])
    return indicators


def _check_visits(indicators: Vector, subjects: Rows, levels: list[str]) -> None:
    seen = np.zeros((int(subjects.max()) + 1, len(levels)))
    np.add.at(seen, subjects, indicators)
    if (seen > 1).any():
        twice = [levels[j] for j in np.flatnonzero((seen > 1).any(axis=0))]
        raise StatsError(f"Some subjects have more than one row at {twice}; keep one row per subject and visit.")
    together = seen.T @ seen
    apart = [f"{levels[i]} with {levels[j]}" for i, j in zip(*np.nonzero(together == 0), strict=True) if i > j]
    if apart:
        raise StatsError(f"No subject has both {apart}; the unstructured covariance cannot be estimated.")


def _pad(values: Vector, place: tuple[Rows, Rows], subjects: int, width: int) -> Vector:
    block = np.zeros((subjects, width, *values.shape[1:]))
    block[place] = values
    return block


def _covariance(loadings: Vector, present: Vector, random: Random) -> tuple[Vector, Vector, tuple[int, ...]]:
    """Return dV/dtheta, the quadratic forms theta(u), and the positions of the Cholesky diagonal in u."""
    q = loadings.shape[2]
    entries = [(i, j) for i in range(q) for j in range(i + 1)]
    k = len(entries) + (random != "unstructured")
    basis, quadratic = [], np.zeros((k, k, k))
    for number, (i, j) in enumerate(entries):
        outer = loadings[:, :, None, i] * loadings[:, None, :, j]
        basis.append(outer if i == j else outer + outer.transpose(0, 2, 1))
        for c in range(j + 1):
            a, b = entries.index((i, c)), entries.index((j, c))
            quadratic[number, a, b] += 1
            quadratic[number, b, a] += 1
    if random != "unstructured":
        basis.append(np.eye(present.shape[1]) * present[:, :, None])
        quadratic[-1, -1, -1] = 2
    return np.stack(basis), quadratic, tuple(number for number, (i, j) in enumerate(entries) if i == j)
