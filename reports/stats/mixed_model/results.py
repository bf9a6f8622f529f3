"""A fitted mixed model and what may be inferred from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from scipy import stats

from reports.stats.errors import NotConverged, StatsError
from reports.stats.mixed_model import inference
from reports.stats.mixed_model.likelihood import Likelihood, Method
from reports.stats.observed import Vector

DegreesOfFreedom = Literal["residual", "satterthwaite", "kenward-roger"]
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Coefficient:
    """An estimate in the outcome's unit with its t test on df degrees of freedom and 95% limits."""

    estimate: float
    se: float
    statistic: float
    df: float
    p: float
    ci_low: float
    ci_high: float


@dataclass(frozen=True)
class FTest:
    """A joint test of df1 contrasts on df2 denominator degrees of freedom."""

    statistic: float
    df1: int
    df2: float
    p: float


@dataclass(frozen=True)
class Convergence:
    """Largest absolute gradient and smallest eigenvalue of the Hessian, both in scaled Cholesky parameters."""

    gradient: float
    smallest_curvature: float
    reached: bool


@dataclass(frozen=True)
class MixedModel:
    """A fit by ML or REML; names are the fixed columns with "(Intercept)" first.

    n_missing counts the rows left out because the outcome was missing. singular: a variance (or a
    combination of random effects) is estimated as zero. The remaining fields serve the inference.
    """

    names: tuple[str, ...]
    method: Method
    loglik: float
    singular: bool
    convergence: Convergence
    n_observations: int
    n_subjects: int
    n_missing: int
    scale: float = field(repr=False)
    x_scale: Vector = field(repr=False)
    likelihood: Likelihood = field(repr=False)
    jacobian: Vector = field(repr=False)
    free_hessian: Vector = field(repr=False)

    @property
    def converged(self) -> bool:
        """Whether the gradient vanishes and the Hessian has no negative eigenvalue."""
        return self.convergence.reached

    @property
    def residual_df(self) -> int:
        """Observations minus fixed columns, the DF MATLAB prints."""
        return self.n_observations - len(self.names)

    def coefficients(self, df: DegreesOfFreedom = "satterthwaite") -> dict[str, Coefficient]:
        """Return every fixed effect by name."""
        return {
            name: self.contrast(row.tolist(), df) for name, row in zip(self.names, np.eye(len(self.names)), strict=True)
        }

    def contrast(self, vector: Sequence[float], df: DegreesOfFreedom = "satterthwaite") -> Coefficient:
        """Test one linear combination of the fixed effects; one weight per name."""
        row = self._rows([vector], df)
        error = self._adjusted() if df == "kenward-roger" else self.likelihood.covariance
        estimate, se = float((row @ self.likelihood.beta)[0]), float(np.sqrt((row @ error @ row.T)[0, 0]))
        freedom = self._single_df(row[0], df)
        statistic = estimate / se
        half_width = float(stats.t.ppf((1 + CONFIDENCE) / 2, freedom)) * se
        return Coefficient(
            estimate=estimate * self.scale,
            se=se * self.scale,
            statistic=statistic,
            df=freedom,
            p=float(2 * stats.t.sf(abs(statistic), freedom)),
            ci_low=(estimate - half_width) * self.scale,
            ci_high=(estimate + half_width) * self.scale,
        )

    def f_test(self, matrix: Sequence[Sequence[float]], df: DegreesOfFreedom = "satterthwaite") -> FTest:
        """Test that several linear combinations are all zero; redundant rows are counted once."""
        rows = inference.independent_rows(self._rows(matrix, df))
        fit = self.likelihood
        if df == "kenward-roger":
            statistic, df2 = inference.kenward_roger_f(rows, fit, self._adjusted())
        elif df == "residual":
            statistic, df2 = inference.wald_f(rows, fit.beta, fit.covariance), float(self.residual_df)
        else:
            statistic, df2 = inference.satterthwaite_f(rows, fit, self.jacobian, self.free_hessian)
        return FTest(statistic, len(rows), df2, float(stats.f.sf(statistic, len(rows), df2)))

    def _single_df(self, row: Vector, df: DegreesOfFreedom) -> float:
        if df == "residual":
            return float(self.residual_df)
        if df == "kenward-roger":
            return inference.kenward_roger_df(row, self.likelihood)
        return inference.satterthwaite_df(row, self.likelihood, self.jacobian, self.free_hessian)

    def _adjusted(self) -> Vector:
        return inference.adjusted_covariance(self.likelihood)

    def _rows(self, matrix: Sequence[Sequence[float]], df: DegreesOfFreedom) -> Vector:
        """Check the request and return the contrasts (q, p) in the design's scaled columns."""
        if not self.converged:
            raise NotConverged(
                f"The mixed model did not converge (gradient {self.convergence.gradient:.1e}, smallest curvature "
                f"{self.convergence.smallest_curvature:.1e}); fit a simpler covariance."
            )
        if df not in ("residual", "satterthwaite", "kenward-roger"):
            raise StatsError(f"Unknown DF {df!r}; choose residual, satterthwaite or kenward-roger.")
        if df == "kenward-roger" and self.method != "REML":
            raise StatsError("Kenward-Roger is defined for REML only; fit with method='REML'.")
        rows = np.asarray(matrix, dtype=float)
        if rows.ndim != 2 or rows.shape[1] != len(self.names):
            raise StatsError(f"A contrast needs one weight for each of {list(self.names)}, got shape {rows.shape}.")
        if not np.isfinite(rows).all() or not rows.any(axis=1).all():
            raise StatsError("A contrast must be finite and not all zero; give the weights of a comparison.")
        return np.asarray(rows / self.x_scale)
