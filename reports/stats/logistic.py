"""Logistic regression of a rare yes/no outcome on one measure, by Firth's penalised likelihood.

The only place that imports firthmodels (0.8, MIT licence).
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from firthmodels import FirthLogisticRegression
from scipy import special

from reports.stats.errors import NotConverged, StatsError
from reports.stats.observed import Values, Vector, observed_pairs, require_spread


@dataclass(frozen=True)
class FirthLogistic:
    """Log odds ratio per unit of x with its Wald SE, and the penalised likelihood ratio p, over n pairs."""

    estimate: float
    se: float
    p: float
    n: int
    events: int


def firth(x: Values, y: Values) -> FirthLogistic:
    """Regress y (0/1) on x with an intercept, by Firth (1993); finite under separation.

    x, y: equal length, one position per subject; incomplete pairs are left out of n. The p value is
    the penalised likelihood ratio test of Heinze and Schemper (2002). Raises StatsError when y is
    not 0/1 or either variable does not vary, NotConverged when the fit fails.
    """
    measure, outcome = observed_pairs(x, y, "firth")
    if not set(np.unique(outcome)) == {0.0, 1.0}:
        raise StatsError(f"firth needs an outcome with both 0 and 1, got {np.unique(outcome).tolist()}; count instead.")
    require_spread(measure, "The measure in firth")
    # A centred unit-SD measure keeps the solver's absolute tolerances meaningful in any unit.
    spread = float(measure.std())
    scaled = (measure - measure.mean()) / spread
    with warnings.catch_warnings():
        # The solver warns where it fails; every failure is refused below.
        warnings.simplefilter("ignore", RuntimeWarning)
        warnings.simplefilter("ignore", UserWarning)
        solver = FirthLogisticRegression(backend="numpy", gtol=1e-6, xtol=1e-6, max_iter=500, max_step=1.0)
        model = solver.fit(scaled[:, None], outcome)
        model.lrt([0])
    estimate, p = float(model.coef_[0]), float(model.lrt_pvalues_[0])
    se = _fisher_se(scaled, float(model.intercept_), estimate)
    if not model.converged_ or not np.isfinite([estimate, se, p]).all():
        raise NotConverged(f"firth did not converge over {len(outcome)} pairs; report the counts alone.")
    return FirthLogistic(estimate / spread, se / spread, p, len(outcome), int(outcome.sum()))


def _fisher_se(x: Vector, intercept: float, slope: float) -> float:
    """Return the slope's SE from the inverse Fisher information at the penalised estimate (Firth 1993).

    firthmodels prints the smaller one of the data augmented by the penalty instead.
    """
    probability = special.expit(intercept + slope * x)
    weight = probability * (1 - probability)
    total, moment = weight.sum(), weight @ x
    return float(1 / np.sqrt(weight @ x**2 - moment**2 / total))
