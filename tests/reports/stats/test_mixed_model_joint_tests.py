"""Joint tests where the denominator is small and theory gives the exact answer."""

from __future__ import annotations

import numpy as np
import pytest

from reports.stats.mixed_model import fit_mixed_model
from reports.stats.mixed_model.inference import _combined_df
from tests.reports.stats.reference import data, dummies

VISITS = ["base", "d1", "wk2", "wk8"]


def test_kenward_roger_is_hotellings_test_for_complete_unstructured_data() -> None:
    """Hotelling (1931): F = T^2 (n - q) / (q (n - 1)) on q and n - q DF; Kenward and Roger (1997) reproduce it."""
    wide = data("madrs").pivot(index="id", columns="visit", values="madrs")[VISITS].dropna()
    changes = wide[VISITS[1:]].to_numpy() - wide[["base"]].to_numpy()
    n, q = changes.shape
    mean = changes.mean(axis=0)
    t_squared = n * mean @ np.linalg.solve(np.cov(changes.T), mean)
    tall = dummies(wide.reset_index().melt("id", var_name="visit", value_name="madrs"), "visit", VISITS)
    model = fit_mixed_model(tall, value="madrs", fixed=VISITS[1:], subject="id", random="unstructured", visit="visit")
    test = model.f_test(np.eye(4)[1:].tolist(), "kenward-roger")
    assert test.df1 == q
    assert test.df2 == pytest.approx(n - q, abs=0.01)
    assert test.statistic == pytest.approx(t_squared * (n - q) / (q * (n - 1)), rel=1e-4)


@pytest.mark.parametrize(("single", "joint"), [([5, 10], 70 / 11), ([7, 7], 7), ([1.5, 30], 2), ([12], 12)])
def test_single_df_combine_as_fai_and_cornelius(single: list[float], joint: float) -> None:
    """By hand: E = sum of nu/(nu - 2), joint DF = 2E/(E - q); 5 and 10 give E = 35/12."""
    assert _combined_df(np.array(single, dtype=float)) == pytest.approx(joint)
