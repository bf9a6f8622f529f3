"""The (restricted) likelihood of a mixed model with exact first and second derivatives.

Formulae: Harville (1977); Kenward and Roger (1997) for P and Q. All in the design's scaled units.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from reports.stats.mixed_model.design import Design
from reports.stats.observed import Vector

Method = Literal["ML", "REML"]


@dataclass(frozen=True)
class Likelihood:
    """The fit at one theta. p fixed columns, k covariance parameters.

    beta (p,), covariance (p, p) = (X' V^-1 X)^-1; gradient (k,) and hessian (k, k) of the negative
    log-likelihood in theta; information (k, k) the expected (REML) information;
    slopes (k, p, p) = d(X' V^-1 X)/dtheta, the P of Kenward and Roger; curvatures (k, k, p, p) their Q.
    """

    negative: float
    beta: Vector
    covariance: Vector
    gradient: Vector
    hessian: Vector
    information: Vector
    slopes: Vector
    curvatures: Vector


def negative_loglik(design: Design, theta: Vector, method: Method) -> float:
    """Return the negative log-likelihood, infinite where V is not positive definite."""
    solved = _solve(design, theta, method)
    return np.inf if solved is None else solved[0]


def evaluate(design: Design, theta: Vector, method: Method) -> Likelihood:
    """Return the likelihood and all derivatives at a theta where V is positive definite."""
    solved = _solve(design, theta, method)
    if solved is None:
        raise np.linalg.LinAlgError("V is not positive definite")
    negative, inverse, covariance, beta, error = solved
    x = design.x
    wx = inverse @ x
    we = np.einsum("sij,sj->si", inverse, error)
    weighted = inverse @ design.basis
    gwx = design.basis @ wx
    gwe = np.einsum("ksij,sj->ksi", design.basis, we)
    slopes = -np.einsum("sip,ksiq->kpq", wx, gwx)
    curvatures = np.einsum("ksip,sij,lsjq->klpq", gwx, inverse, gwx, optimize=True)
    cross = np.einsum("ksip,si->kp", gwx, we)
    bends = np.einsum("ksi,sij,lsj->kl", gwe, inverse, gwe, optimize=True) - cross @ covariance @ cross.T
    traces = np.einsum("ksij,lsji->kl", weighted, weighted, optimize=True)
    cs = covariance @ slopes
    restricted = traces - 2 * np.einsum("pq,klqp->kl", covariance, curvatures) + np.einsum("kpq,lqp->kl", cs, cs)
    spread = restricted if method == "REML" else traces
    gradient = np.einsum("ksii->k", weighted) - np.einsum("ksi,si->k", gwe, we)
    if method == "REML":
        gradient = gradient + np.einsum("kpp->k", cs)
    return Likelihood(
        negative=negative,
        beta=beta,
        covariance=covariance,
        gradient=gradient / 2,
        hessian=_symmetric(bends - spread / 2),
        information=_symmetric(spread / 2),
        slopes=slopes,
        curvatures=curvatures,
    )


def _solve(design: Design, theta: Vector, method: Method) -> tuple[float, Vector, Vector, Vector, Vector] | None:
    """Return negative log-likelihood, V^-1 by subject, Cov(beta), beta and residuals."""
    v = np.einsum("k,ksij->sij", theta, design.basis) + design.padding
    try:
        root = np.linalg.cholesky(v)
    except np.linalg.LinAlgError:
        return None
    inverse = np.linalg.inv(v)
    wx = inverse @ design.x
    crossed = np.einsum("sip,siq->pq", design.x, wx)
    sign, log_crossed = np.linalg.slogdet(crossed)
    if sign <= 0 or not np.isfinite(log_crossed):
        return None
    covariance = _symmetric(np.linalg.inv(crossed))
    beta = covariance @ np.einsum("sip,si->p", wx, design.y)
    error = design.y - design.x @ beta
    deviance = 2 * np.log(np.einsum("sii->si", root)).sum() + np.einsum("si,sij,sj->", error, inverse, error)
    count = design.n_observations
    if method == "REML":
        deviance += log_crossed
        count -= len(beta)
    return float(deviance + count * np.log(2 * np.pi)) / 2, inverse, covariance, beta, error


def _symmetric(matrix: Vector) -> Vector:
    return np.asarray((matrix + matrix.T) / 2, dtype=float)
