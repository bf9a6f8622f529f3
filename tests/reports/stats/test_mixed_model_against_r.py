"""Mixed models against R 4.2.2 (lme4 1.1-31, lmerTest 3.1-3, pbkrtest 0.5.2, nlme 3.1-162)."""

from __future__ import annotations

from time import perf_counter
from typing import Any

import pytest
import statsmodels.formula.api as smf
from statsmodels.tools.sm_exceptions import ConvergenceWarning

from reports.stats.mixed_model import Coefficient, DegreesOfFreedom, fit_mixed_model
from tests.reports.stats.reference import (
    all_but_intercept,
    connectivity,
    data,
    dummies,
    fitted,
    golden,
    madrs,
)

LMER = golden("mixed_models_r")["models"]
ML = golden("connectivity_ml_r")
F_TESTS = golden("f_tests_r")
UNSTRUCTURED = golden("unstructured_r")
ROWS = [
    pytest.param(model, row, id=f"{model}-{row['df_method']}-{row['name']}")
    for model, values in LMER.items()
    for row in values["coefficients"]
]
SYSTEMS = ["dmn", "sg", "limbic"]
# Where lmer itself stopped short of the optimum (its log-likelihood lies up to 3e-6 below ours, and for the
# unstructured model it warned of a degenerate Hessian while gls agrees with us), the printed digits are its own.
SHORT_OF_OPTIMUM = {
    "orth.rs": {"estimate": 1e-5, "se": 5e-4, "statistic": 5e-3, "p": 1.5e-4},
    "madrs.us.lmer": {"estimate": 1e-4, "se": 1.5e-4, "statistic": 1e-3, "p": 1e-4},
}
TOLERANCES = {"estimate": 1e-5, "se": 5e-5, "statistic": 1e-3, "p": 1e-4}


@pytest.mark.parametrize("model", LMER)
def test_a_reml_fit_reaches_the_log_likelihood_of_lme4(model: str) -> None:
    ours = fitted(model)
    assert ours.converged
    assert ours.singular == LMER[model]["singular"]
    assert ours.loglik == pytest.approx(LMER[model]["loglik"], abs=2e-5)


@pytest.mark.parametrize(("model", "row"), ROWS)
def test_a_coefficient_equals_lmertest_and_pbkrtest(model: str, row: dict[str, Any]) -> None:
    ours = fitted(model).coefficients(row["df_method"])[row["name"]]
    assert ours.df == pytest.approx(row["df"], abs=0.05)
    for quantity, tolerance in SHORT_OF_OPTIMUM.get(model, TOLERANCES).items():
        assert getattr(ours, quantity) == pytest.approx(row[quantity], abs=tolerance)


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("name", ["(Intercept)", "post", "post:nonresp"])
def test_the_published_connectivity_models_are_ml_with_t_on_37_df(system: str, name: str) -> None:
    ours, expected = _published(system)[name], ML[system][name]
    assert ours.df == 37
    assert ours.estimate == pytest.approx(expected["estimate"], abs=6e-8)
    assert ours.se == pytest.approx(expected["se"], abs=1e-6)
    assert ours.statistic == pytest.approx(expected["statistic"], abs=1e-3)
    assert ours.p == pytest.approx(expected["p"], rel=1e-3)


def test_the_standard_errors_of_statsmodels_would_not_pass_for_sgacc() -> None:
    """statsmodels 0.15 inverts the joint Hessian, which moves unbalanced standard errors away from lme4's."""
    with pytest.warns(ConvergenceWarning, match="boundary"):
        theirs = smf.mixedlm("sg ~ post + post:nonresp", data("fc"), groups="subject").fit(reml=False)
    for name in ("post", "post:nonresp"):
        assert abs(theirs.bse_fe[name] - ML["sg"][name]["se"]) > 5e-4
        assert abs(theirs.bse_fe[name] - _published("sg")[name].se) > 5e-4


def test_reml_would_not_pass_for_the_published_ml() -> None:
    reml = fitted("fc.sg.REML").coefficients("residual")["post:nonresp"]
    assert abs(reml.statistic - ML["sg"]["post:nonresp"]["statistic"]) > 0.1


@pytest.mark.parametrize("df_method", ["satterthwaite", "kenward-roger"])
@pytest.mark.parametrize(("model", "key"), [("chick.diet1", "chick_diet1"), ("madrs.ri", "madrs")])
def test_a_joint_f_test_equals_anova_of_lmertest(model: str, key: str, df_method: DegreesOfFreedom) -> None:
    expected, ours = F_TESTS[key], fitted(model)
    test = ours.f_test(all_but_intercept(ours), df_method)
    assert test.df1 == expected["df1"]
    assert test.statistic == pytest.approx(expected[df_method]["statistic"], abs=expected[df_method]["half_unit"])
    assert test.df2 == pytest.approx(expected[df_method]["df2"], abs=0.05)
    assert test.p == pytest.approx(expected[df_method].get("p", 0.0), rel=5e-3, abs=1e-16)


def test_the_unstructured_model_of_four_visits_equals_gls() -> None:
    ours, expected = fitted("madrs.us.lmer"), UNSTRUCTURED["four_visits"]
    assert ours.loglik == pytest.approx(expected["loglik"], abs=1e-5)
    for name, estimate in expected["estimates"].items():
        assert ours.coefficients("residual")[name].estimate == pytest.approx(estimate, abs=6e-5)


def test_the_unstructured_model_of_six_visits_equals_gls() -> None:
    visits = ["base", "d1", "wk2", "wk4", "wk6", "wk8"]
    frame = dummies(data("madrs_six_visits"), "visit", visits)
    ours = fit_mixed_model(frame, value="madrs", fixed=visits[1:], subject="id", random="unstructured", visit="visit")
    expected = UNSTRUCTURED["six_visits"]
    assert ours.n_subjects == 22
    assert ours.loglik == pytest.approx(expected["loglik"], abs=1e-4)
    coefficients = ours.coefficients("kenward-roger")
    for name, estimate in expected["estimates"].items():
        se, df = expected["kenward_roger"][name]
        assert coefficients[name].estimate == pytest.approx(estimate, abs=0.0051)
        assert coefficients[name].se == pytest.approx(se, abs=0.0051)
        assert coefficients[name].df == pytest.approx(df, abs=0.051)


def test_four_visits_of_23_subjects_fit_in_under_two_seconds() -> None:
    started = perf_counter()
    frame = madrs()
    fit_mixed_model(
        frame, value="madrs", fixed=["d1", "wk2", "wk8"], subject="id", random="unstructured", visit="visit"
    ).coefficients("kenward-roger")
    assert perf_counter() - started < 2


def _published(system: str) -> dict[str, Coefficient]:
    model = fit_mixed_model(
        connectivity(), value=system, fixed=["post", "post:nonresp"], subject="subject", method="ML"
    )
    assert (model.n_observations, model.n_subjects, model.residual_df) == (40, 21, 37)
    return model.coefficients("residual")
