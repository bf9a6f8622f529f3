"""Degrees of freedom and tests for contrasts of fixed effects in small samples.

Satterthwaite: Giesbrecht and Burns (1985), Fai and Cornelius (1996), as lmerTest.
Kenward-Roger: Kenward and Roger (1997), as pbkrtest. Contrasts (q, p) and fits are in scaled units.
"""

from __future__ import annotations

import numpy as np

from reports.stats.errors import StatsError
from reports.stats.mixed_model.likelihood import Likelihood
from reports.stats.observed import Vector

RANK_TOLERANCE = 1e-9
EIGENVALUE_TOLERANCE = 1e-8


def independent_rows(rows: Vector) -> Vector:
    """Return orthonormal rows that span the contrasts; the tests depend on the span only."""
    values, directions = np.linalg.svd(rows, full_matrices=False)[1:]
    return np.asarray(directions[values > RANK_TOLERANCE * values[0]])


def wald_f(rows: Vector, beta: Vector, covariance: Vector) -> float:
    """Return the Wald statistic divided by the number of rows."""
    estimate = rows @ beta
    return float(estimate @ np.linalg.solve(rows @ covariance @ rows.T, estimate)) / len(rows)


def satterthwaite_df(row: Vector, fit: Likelihood, jacobian: Vector, free_hessian: Vector) -> float:
    """Return 2 v^2 / Var(v) for v = Var(row beta), in the free (Cholesky) parameters.

    There a variance of zero has derivative zero and carries no uncertainty, and directions without
    curvature are left out: both as lmerTest does.
    """
    half = fit.covariance @ row
    slope = -np.einsum("p,kpq,q->k", half, fit.slopes, half) @ jacobian
    values, vectors = np.linalg.eigh(free_hessian)
    kept = values > EIGENVALUE_TOLERANCE * values[-1]
    projected = (slope @ vectors)[kept]
    uncertainty = float((projected**2 / values[kept]).sum())
    variance = float(row @ half)
    return 2 * variance**2 / uncertainty


def satterthwaite_f(rows: Vector, fit: Likelihood, jacobian: Vector, free_hessian: Vector) -> tuple[float, float]:
    """Return F and its denominator DF from the independent single contrasts (Fai and Cornelius 1996)."""
    variances, directions = np.linalg.eigh(rows @ fit.covariance @ rows.T)
    contrasts = directions.T @ rows
    squares = (contrasts @ fit.beta) ** 2 / variances
    single = np.array([satterthwaite_df(row, fit, jacobian, free_hessian) for row in contrasts])
    return float(squares.mean()), _combined_df(single)


def _combined_df(single: Vector) -> float:
    """Return the DF whose F mean equals the mean of the summed squared t variables."""
    q = len(single)
    if q == 1 or np.ptp(single) < EIGENVALUE_TOLERANCE * single.max():
        return float(single.mean())
    if (single <= 2).any():
        return 2.0
    expected = float((single / (single - 2)).sum())
    return 2 * expected / (expected - q)


def adjusted_covariance(fit: Likelihood) -> Vector:
    """Return the Kenward-Roger covariance of beta, C + 2 C {sum W (Q - P C P)} C for V linear in theta."""
    c, p = fit.covariance, fit.slopes
    inner = fit.curvatures - np.einsum("kab,bc,lcd->klad", p, c, p, optimize=True)
    spread = np.einsum("kl,klab->ab", _parameter_covariance(fit), inner)
    adjusted = c + 2 * c @ spread @ c
    return np.asarray((adjusted + adjusted.T) / 2)


def kenward_roger_df(row: Vector, fit: Likelihood) -> float:
    """Return the Kenward-Roger DF of a single contrast, where the F scaling is 1."""
    return 2 / _kenward_roger_sums(row[None, :], fit)[0]


def kenward_roger_f(rows: Vector, fit: Likelihood, adjusted: Vector) -> tuple[float, float]:
    """Return the scaled F and its denominator DF of a joint test (Kenward and Roger 1997, eq. 4-7)."""
    q = len(rows)
    a1, a2 = _kenward_roger_sums(rows, fit)
    unscaled = wald_f(rows, fit.beta, adjusted)
    if q == 1:
        return unscaled, 2 / a1
    b = (a1 + 6 * a2) / (2 * q)
    g = ((q + 1) * a1 - (q + 4) * a2) / ((q + 2) * a2)
    base = 3 * q + 2 * (1 - g)
    c1, c2, c3 = g / base, (q - g) / base, (q + 2 - g) / base
    rho = ((1 - a2 / q) / (1 - c2 * b)) ** 2 * (1 + c1 * b) / (1 - c3 * b) / q
    df = 4 + (q + 2) / (q * rho - 1)
    if not df > 2:
        raise StatsError(f"Kenward-Roger gives {df:.2f} denominator DF; too few subjects for a joint test of {q}.")
    return df * (1 - a2 / q) / (df - 2) * unscaled, df


def _kenward_roger_sums(rows: Vector, fit: Likelihood) -> tuple[float, float]:
    """Return A1 and A2, the weighted traces of Kenward and Roger."""
    c = fit.covariance
    theta = rows.T @ np.linalg.solve(rows @ c @ rows.T, rows)
    parts = theta @ c @ fit.slopes @ c
    single = np.einsum("kaa->k", parts)
    crossed = np.einsum("kab,lba->kl", parts, parts)
    weights = _parameter_covariance(fit)
    return float(single @ weights @ single), float((weights * crossed).sum())


def _parameter_covariance(fit: Likelihood) -> Vector:
    """Return the inverse expected information of theta; kept whole on the boundary, as pbkrtest does."""
    return np.asarray(np.linalg.pinv(fit.information, rcond=1e-12, hermitian=True))
