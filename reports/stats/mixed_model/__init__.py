"""Linear mixed models for small samples, with Satterthwaite and Kenward-Roger inference.

One continuous outcome measured repeatedly in each subject:

    y = X beta + e,   Cov(e) = V(theta), block diagonal by subject, linear in theta.

V is a random intercept, a random intercept and slope, or unstructured over visits (MMRM).
Standard errors are those of (X' V^-1 X)^-1, as in lme4, nlme and MATLAB.
"""

from __future__ import annotations

from reports.stats.mixed_model.fitting import fit_mixed_model
from reports.stats.mixed_model.results import Coefficient, Convergence, DegreesOfFreedom, FTest, MixedModel

__all__ = ["Coefficient", "Convergence", "DegreesOfFreedom", "FTest", "MixedModel", "fit_mixed_model"]
