"""Properties of the mixed model that hold by theory: exact small cases, boundaries, invariances, refusals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from reports.stats.errors import NotConverged, StatsError
from reports.stats.mixed_model import Convergence, MixedModel, fit_mixed_model
from reports.stats.mixed_model.design import build_design
from reports.stats.mixed_model.likelihood import evaluate, negative_loglik
from tests.reports.stats.reference import connectivity, data, dummies, fitted, golden, madrs

FIXED = ["post", "post:nonresp"]


def fit_connectivity(frame: pd.DataFrame, **options: Any) -> MixedModel:
    return fit_mixed_model(frame, value="sg", fixed=FIXED, subject="subject", **options)


def without_subject_variance() -> pd.DataFrame:
    """Make both rows of a subject repel each other, so the subject variance is estimated as zero."""
    frame = connectivity().sort_values(["subject", "post"]).reset_index(drop=True)
    noise = np.random.default_rng(7).normal(size=len(frame))
    for rows in frame.groupby("subject").indices.values():
        if len(rows) == 2:
            noise[rows[1]] = -noise[rows[0]] + 0.1 * noise[rows[1]]
    return frame.assign(sg=0.1 + 0.05 * frame["post"] + 0.02 * noise)


def test_a_singular_fit_is_least_squares_on_the_residual_df() -> None:
    """With no subject variance lmerTest gives the classical DF; least squares by statsmodels OLS."""
    frame = without_subject_variance()
    model = fit_connectivity(frame)
    ols = sm.OLS(frame["sg"], sm.add_constant(frame[FIXED])).fit()
    assert model.singular
    assert model.converged
    for name, ours in model.coefficients("satterthwaite").items():
        theirs = "const" if name == "(Intercept)" else name
        assert ours.estimate == pytest.approx(ols.params[theirs], abs=1e-6)
        assert ours.se == pytest.approx(ols.bse[theirs], rel=1e-5)
        assert ours.df == pytest.approx(37, abs=0.01)
        assert ours.p == pytest.approx(ols.pvalues[theirs], abs=1e-4)


@pytest.mark.parametrize("name", ["(Intercept)", "post", "post:nonresp"])
def test_a_singular_fit_has_the_df_and_adjustment_of_lmertest_and_pbkrtest(name: str) -> None:
    """R 4.2.2, lmerTest 3.1-3, pbkrtest 0.5.2; on the boundary both depend on the design alone."""
    model, expected = fit_connectivity(without_subject_variance()), golden("boundary_r")
    plain, adjusted = model.coefficients("satterthwaite")[name], model.coefficients("kenward-roger")[name]
    ratio = expected["satterthwaite"][name]["statistic"] / expected["kenward-roger"][name]["statistic"]
    assert plain.df == pytest.approx(expected["satterthwaite"][name]["df"], abs=0.05)
    assert adjusted.df == pytest.approx(expected["kenward-roger"][name]["df"], abs=0.05)
    assert adjusted.se / plain.se == pytest.approx(ratio, abs=2e-4)


def test_a_singular_slope_leaves_the_random_intercept_model() -> None:
    """Parallel profiles with balanced repelling noise leave no slope variance: both models agree."""
    days = np.tile(np.arange(4.0), 12)
    wiggle = np.tile([1.0, -1.5, 0.5, 0.2], 12) + np.tile([0.2, -0.3, -0.4, 0.5], 12) * np.repeat([1, -1] * 6, 4)
    level = np.repeat(np.random.default_rng(1).normal(0, 3, 12), 4)
    frame = pd.DataFrame({"who": np.repeat(np.arange(12), 4), "day": days, "y": level + 2 * days + wiggle})
    slope = fit_mixed_model(frame, value="y", fixed=["day"], subject="who", random="intercept+slope", slope="day")
    plain = fit_mixed_model(frame, value="y", fixed=["day"], subject="who")
    assert slope.singular
    assert slope.converged
    assert slope.loglik >= plain.loglik - 1e-9


def test_two_complete_visits_reproduce_the_paired_t_test() -> None:
    """For complete pairs REML with either structure is the paired t test (scipy) with n - 1 DF."""
    wide = data("madrs").pivot(index="id", columns="visit", values="madrs")[["base", "wk2"]].dropna()
    expected = stats.ttest_rel(wide["wk2"], wide["base"])
    tall = wide.reset_index().melt("id", var_name="visit", value_name="madrs")
    tall["later"] = (tall["visit"] == "wk2").astype(float)
    model = fit_mixed_model(tall, value="madrs", fixed=["later"], subject="id", random="unstructured", visit="visit")
    for method in ("satterthwaite", "kenward-roger"):
        ours = model.coefficients(method)["later"]
        assert ours.statistic == pytest.approx(expected.statistic, abs=1e-4)
        assert ours.df == pytest.approx(expected.df, abs=1e-3)
        assert (ours.ci_low, ours.ci_high) == pytest.approx(tuple(expected.confidence_interval()), abs=1e-4)


@pytest.mark.parametrize("method", ["ML", "REML"])
@pytest.mark.parametrize("random", ["intercept", "unstructured"])
def test_the_derivatives_equal_finite_differences(method: Any, random: Any) -> None:
    design = build_design(
        madrs(),
        value="madrs",
        fixed=["d1", "wk2", "wk8"],
        subject="id",
        random=random,
        slope=None,
        visit="visit",
    )
    k = design.basis.shape[0]
    theta = np.array([0.5, 0.8]) if k == 2 else np.array([1.0, 0.2, 1.3, 0.1, 0.3, 0.9, 0.2, 0.1, 0.4, 1.1])
    exact, step = evaluate(design, theta, method), 1e-5
    for i, direction in enumerate(np.eye(k) * step):
        up, down = theta + direction, theta - direction
        gradient = (negative_loglik(design, up, method) - negative_loglik(design, down, method)) / (2 * step)
        bend = (evaluate(design, up, method).gradient - evaluate(design, down, method).gradient) / (2 * step)
        assert exact.gradient[i] == pytest.approx(gradient, abs=1e-5)
        assert exact.hessian[i] == pytest.approx(bend, abs=1e-5)


@settings(max_examples=15, deadline=None)
@given(shift=st.floats(-50, 50), scale=st.floats(0.01, 1000))
def test_inference_does_not_depend_on_the_unit_or_origin_of_the_outcome(shift: float, scale: float) -> None:
    frame = connectivity()
    model = fit_connectivity(frame.assign(sg=shift + scale * frame["sg"]))
    reference = fitted("fc.sg.REML").coefficients("kenward-roger")
    for name, ours in model.coefficients("kenward-roger").items():
        origin = shift if name == "(Intercept)" else 0.0
        assert ours.estimate == pytest.approx(origin + scale * reference[name].estimate, rel=1e-5)
        assert ours.se == pytest.approx(scale * reference[name].se, rel=1e-5)
        assert ours.df == pytest.approx(reference[name].df, rel=1e-4)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_names_and_order_of_subjects_do_not_matter(seed: int) -> None:
    frame = madrs()
    generator = np.random.default_rng(seed)
    names = dict(zip(frame["id"].unique(), generator.permutation(frame["id"].nunique()).astype(str), strict=True))
    shuffled = frame.assign(id=frame["id"].map(names)).iloc[generator.permutation(len(frame))]
    model = fit_mixed_model(
        shuffled,
        value="madrs",
        fixed=["d1", "wk2", "wk8"],
        subject="id",
        random="unstructured",
        visit="visit",
    )
    reference = fitted("madrs.us.lmer")
    assert model.loglik == pytest.approx(reference.loglik, abs=1e-8)
    for name, ours in model.coefficients("kenward-roger").items():
        expected = reference.coefficients("kenward-roger")[name]
        assert (ours.estimate, ours.se, ours.df) == pytest.approx(
            (expected.estimate, expected.se, expected.df), rel=1e-5
        )


def test_the_log_likelihood_counts_the_unit_of_fixed_columns() -> None:
    """REML of lme4 depends on the columns' unit: log|X'V^-1X| grows by 2 log 10 for a column times ten."""
    frame = data("sleep").assign(Hours=lambda rows: 10 * rows["Days"])
    model = fit_mixed_model(frame, value="Reaction", fixed=["Hours"], subject="Subject")
    assert model.loglik == pytest.approx(fitted("sleep.ri").loglik - np.log(10), abs=1e-6)


def test_a_one_row_f_test_is_the_squared_t_test() -> None:
    model = fitted("fc.sg.REML")
    for method in ("residual", "satterthwaite", "kenward-roger"):
        single, joint = model.contrast([0, 0.5, 1], method), model.f_test([[0, 0.5, 1]], method)
        assert joint.statistic == pytest.approx(single.statistic**2)
        assert (joint.df1, joint.df2, joint.p) == pytest.approx((1, single.df, single.p))


@pytest.mark.parametrize("method", ["residual", "satterthwaite", "kenward-roger"])
def test_a_joint_test_depends_on_the_span_of_its_rows_only(method: Any) -> None:
    model = fitted("madrs.us.lmer")
    plain = model.f_test([[0, 1, 0, 0], [0, 0, 1, 0]], method)
    redundant = model.f_test([[0, 1, 1, 0], [0, 3, -1, 0], [0, 5, 5, 0]], method)
    assert redundant.df1 == 2
    assert (redundant.statistic, redundant.df2, redundant.p) == pytest.approx((plain.statistic, plain.df2, plain.p))


@pytest.mark.parametrize("method", ["ML", "REML"])
@pytest.mark.parametrize("seed", range(10))
def test_generated_trials_of_23_with_gaps_always_converge(seed: int, method: Any) -> None:
    """From no to strong correlation, time in days or seconds; many of the slopes are singular."""
    frame = generated_trial(seed)
    options: list[dict[str, Any]] = [
        {"fixed": ["v1", "v2", "v3"], "random": "unstructured", "visit": "visit"},
        {"fixed": ["v1", "v2", "v3"], "random": "intercept"},
        {"fixed": ["time"], "random": "intercept+slope", "slope": "time"},
    ]
    for option in options:
        model = fit_mixed_model(frame, value="score", subject="subject", method=method, **option)
        assert model.converged
        for name, coefficient in model.coefficients("satterthwaite").items():
            assert 1 <= coefficient.df < model.n_observations + 200, name
            assert coefficient.ci_low < coefficient.estimate < coefficient.ci_high


def generated_trial(seed: int) -> pd.DataFrame:
    generator = np.random.default_rng(seed)
    correlation = generator.uniform(0, 0.95)
    spread = 64 * (np.full((4, 4), correlation) + (1 - correlation) * np.eye(4))
    scores = 20 + generator.multivariate_normal(np.zeros(4), spread, size=23).round()
    frame = pd.DataFrame(
        {"subject": np.repeat(np.arange(23), 4), "visit": np.tile(np.arange(4), 23), "score": scores.ravel()}
    )
    frame["time"] = frame["visit"] * generator.choice([1.0, 86400.0])
    return dummies(frame[generator.uniform(size=92) > 0.12], "visit", [0, 1, 2, 3], prefix="v")


def test_rows_without_an_outcome_are_left_out_and_counted() -> None:
    frame = madrs()
    more = pd.concat([frame, frame.assign(id="S99", madrs=np.nan).head(2)])
    model = fit_mixed_model(more, value="madrs", fixed=["d1", "wk2", "wk8"], subject="id")
    assert model.n_missing == frame["madrs"].isna().sum() + 2
    assert model.n_subjects == fitted("madrs.ri").n_subjects
    assert model.loglik == pytest.approx(fitted("madrs.ri").loglik)


def test_a_fit_without_an_optimum_refuses_inference() -> None:
    model = fitted("fc.sg.REML")
    lost = MixedModel(**{**vars(model), "convergence": Convergence(0.5, -1.0, reached=False)})
    assert not lost.converged
    with pytest.raises(NotConverged, match="simpler covariance"):
        lost.coefficients()


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        ({"sg": "0.1x"}, {}, "no number"),
        ({"sg": 0.2}, {}, "no spread"),
        ({"post": 1.0}, {}, "linearly dependent"),
        ({"post": np.nan}, {}, "missing in observed rows"),
        ({"subject": range(40)}, {}, "one row per subject"),
        ({"subject": 1}, {}, "at least two subjects"),
        ({}, {"random": "slope"}, "Unknown random structure"),
        ({}, {"random": "unstructured"}, "needs visit="),
        ({}, {"random": "intercept+slope", "slope": "day"}, "lacks"),
        ({}, {"random": "unstructured", "visit": "nonresp"}, "more than one row"),
        ({}, {"method": "MLE"}, "Unknown method"),
    ],
)
def test_data_that_allow_no_model_are_refused_with_the_reason(
    change: dict[str, Any], options: dict[str, Any], message: str
) -> None:
    with pytest.raises(StatsError, match=message):
        fit_connectivity(connectivity().assign(**change), **options)


def test_visits_never_seen_together_are_refused() -> None:
    frame = madrs()
    apart = frame[
        ~((frame["visit"] == "wk8") & (frame["id"] != "S01")) & ~((frame["visit"] == "d1") & (frame["id"] == "S01"))
    ]
    with pytest.raises(StatsError, match="wk8 with d1"):
        fit_mixed_model(
            apart,
            value="madrs",
            fixed=["d1", "wk2", "wk8"],
            subject="id",
            random="unstructured",
            visit="visit",
        )


def test_kenward_roger_needs_reml() -> None:
    with pytest.raises(StatsError, match="REML"):
        fit_connectivity(connectivity(), method="ML").coefficients("kenward-roger")


@pytest.mark.parametrize("vector", [[1, 0], [0, 0, 0], [0, np.nan, 1]])
def test_a_contrast_that_fits_no_column_is_refused(vector: list[float]) -> None:
    with pytest.raises(StatsError, match="contrast"):
        fitted("fc.sg.REML").contrast(vector)
