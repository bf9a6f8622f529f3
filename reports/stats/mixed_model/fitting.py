"""Finding the optimum: trust-region Newton over the Cholesky factor of the covariance.

theta is quadratic in the free parameters u, so a variance of zero is a stationary point inside
the search space, not an edge, and a singular fit is found like any other.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import optimize

from reports.stats.errors import StatsError
from reports.stats.mixed_model.design import Design, Random, build_design
from reports.stats.mixed_model.likelihood import Likelihood, Method, evaluate, negative_loglik
from reports.stats.mixed_model.results import Convergence, MixedModel
from reports.stats.observed import Vector

STARTS = (0.7, 0.3, 1.2)
GRADIENT_TOLERANCE = 1e-6
POLISHING_STEPS = 5
POLISHING_RANGE = 1e-2
CURVATURE_TOLERANCE = 1e-6
SINGULAR_TOLERANCE = 1e-4


def fit_mixed_model(
    frame: pd.DataFrame,
    *,
    value: str,
    fixed: list[str],
    subject: str,
    random: Random = "intercept",
    slope: str | None = None,
    visit: str | None = None,
    method: Method = "REML",
) -> MixedModel:
    """Fit by ML or REML; the intercept "(Intercept)" is added before the fixed columns.

    frame: one row per observation; `fixed` and `slope` are numeric columns, `subject` and `visit`
    labels. Rows with a missing outcome are left out and counted in n_missing. Raises StatsError on
    absent or incomplete columns, a design without full rank, repeated visits, or too few rows. A
    search without an optimum comes back with converged = False and refuses every inference.
    """
    if method not in ("ML", "REML"):
        raise StatsError(f"Unknown method {method!r}; choose ML or REML.")
    design = build_design(frame, value=value, fixed=fixed, subject=subject, random=random, slope=slope, visit=visit)
    u = min((_search(design, method, _start(design, size)) for size in STARTS), key=lambda found: found[0])[1]
    return _model(design, method, u)


def _theta(design: Design, u: Vector) -> Vector:
    return np.asarray(np.einsum("kab,a,b->k", design.quadratic, u, u) / 2)


def _start(design: Design, size: float) -> Vector:
    """Return Cholesky parameters that share the least-squares variance between the components."""
    u = np.zeros(design.basis.shape[0])
    u[list(design.diagonal)] = 1.0 if design.random == "unstructured" else size
    if design.random == "unstructured":
        u[[i for i in range(len(u)) if i not in design.diagonal]] = size - 0.7
    else:
        u[-1] = 0.7
    return u


def _search(design: Design, method: Method, start: Vector) -> tuple[float, Vector]:
    def curved(u: Vector) -> Vector:
        return _free_derivatives(design, u, evaluate(design, _theta(design, u), method))[1]

    def sloped(u: Vector) -> Vector:
        return _free_derivatives(design, u, evaluate(design, _theta(design, u), method))[0]

    found = optimize.minimize(
        lambda u: negative_loglik(design, _theta(design, u), method),
        start,
        jac=sloped,
        hess=curved,
        method="trust-exact",
        options={"gtol": GRADIENT_TOLERANCE / 100, "maxiter": 300},
    )
    return float(found.fun), _polish(design, method, np.asarray(found.x))


def _polish(design: Design, method: Method, u: Vector) -> Vector:
    """Take Newton steps while they shrink the gradient.

    Near the optimum the likelihood changes by less than its rounding error and the trust region
    rejects good steps; the gradient is still exact there.
    """
    gradient, hessian = _free_derivatives(design, u, evaluate(design, _theta(design, u), method))
    for _ in range(POLISHING_STEPS):
        trial = u - np.linalg.pinv(hessian, rcond=CURVATURE_TOLERANCE, hermitian=True) @ gradient
        if not np.isfinite(negative_loglik(design, _theta(design, trial), method)):
            break
        slope, bend = _free_derivatives(design, trial, evaluate(design, _theta(design, trial), method))
        if np.abs(slope).max() >= np.abs(gradient).max() or np.abs(gradient).max() > POLISHING_RANGE:
            break
        u, gradient, hessian = trial, slope, bend
    return u


def _free_derivatives(design: Design, u: Vector, likelihood: Likelihood) -> tuple[Vector, Vector]:
    """Return gradient and Hessian of the negative log-likelihood in u, by the chain rule."""
    jacobian = design.quadratic @ u
    hessian = jacobian.T @ likelihood.hessian @ jacobian
    hessian = hessian + np.einsum("k,kab->ab", likelihood.gradient, design.quadratic)
    return jacobian.T @ likelihood.gradient, (hessian + hessian.T) / 2


def _model(design: Design, method: Method, u: Vector) -> MixedModel:
    theta = _theta(design, u)
    likelihood = evaluate(design, theta, method)
    gradient, hessian = _free_derivatives(design, u, likelihood)
    largest, smallest = float(np.abs(gradient).max()), float(np.linalg.eigvalsh(hessian)[0])
    count = design.n_observations - (len(design.names) if method == "REML" else 0)
    loglik = -likelihood.negative - count * np.log(design.scale)
    if method == "REML":
        loglik -= float(np.log(design.x_scale).sum())
    return MixedModel(
        names=design.names,
        method=method,
        loglik=float(loglik),
        singular=_is_singular(design, u, theta),
        convergence=Convergence(
            gradient=largest,
            smallest_curvature=smallest,
            reached=largest < GRADIENT_TOLERANCE and smallest > -CURVATURE_TOLERANCE,
        ),
        n_observations=design.n_observations,
        n_subjects=design.n_subjects,
        n_missing=design.n_missing,
        scale=design.scale,
        x_scale=design.x_scale,
        likelihood=likelihood,
        jacobian=design.quadratic @ u,
        free_hessian=hessian,
    )


def _is_singular(design: Design, u: Vector, theta: Vector) -> bool:
    """Tell whether a conditional SD is zero: relative to the residual SD as lme4, or to its own visit's SD."""
    diagonal = list(design.diagonal)
    reference = theta[diagonal] if design.random == "unstructured" else theta[-1]
    return bool((np.abs(u[diagonal]) < SINGULAR_TOLERANCE * np.sqrt(reference)).any())
