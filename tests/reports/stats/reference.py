"""Golden values, the data sets they were computed on, and the reference models fitted here."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from reports.stats.mixed_model import MixedModel, fit_mixed_model
from reports.stats.mixed_model.design import Random

GOLDEN = Path(__file__).parents[2] / "golden"


def golden(name: str) -> dict[str, Any]:
    """Return one golden file; its provenance must name software and source."""
    values = tomllib.loads((GOLDEN / f"{name}.toml").read_text())
    assert values["provenance"].keys() >= {"software", "source"}
    return values


def data(name: str) -> pd.DataFrame:
    return pd.read_csv(GOLDEN / "data" / f"{name}.csv")


def dummies(frame: pd.DataFrame, column: str, levels: list[Any], prefix: str = "") -> pd.DataFrame:
    """Add 0/1 columns for every level but the first."""
    return frame.assign(**{f"{prefix}{level}": (frame[column] == level).astype(float) for level in levels[1:]})


def connectivity() -> pd.DataFrame:
    frame = data("fc")
    return frame.assign(**{"post:nonresp": frame["post"] * frame["nonresp"]})


def madrs() -> pd.DataFrame:
    return dummies(data("madrs"), "visit", ["base", "d1", "wk2", "wk8"])


def orthodont() -> pd.DataFrame:
    frame = data("orth")
    frame["female"] = (frame["Sex"] == "Female").astype(float)
    return frame.assign(**{"age:female": frame["age"] * frame["female"]})


def chick_diet1() -> pd.DataFrame:
    frame = data("chick").query("Diet == 1")
    return dummies(frame, "Time", sorted(frame["Time"].unique()), prefix="t")


@cache
def fitted(model: str) -> MixedModel:
    """Fit the REML model that the R reference names so."""
    visits = ["d1", "wk2", "wk8"]
    if model.startswith("fc."):
        system, kind = model.split(".")[1:]
        main = ["nonresp"] if kind == "withmain" else []
        return fit(connectivity(), system, ["post", *main, "post:nonresp"], "subject")
    match model:
        case "sleep.ri":
            return fit(data("sleep"), "Reaction", ["Days"], "Subject")
        case "sleep.rs":
            return fit(data("sleep"), "Reaction", ["Days"], "Subject", "intercept+slope", slope="Days")
        case "orth.ri":
            return fit(orthodont(), "distance", ["age", "female", "age:female"], "Subject")
        case "orth.rs":
            fixed = ["age", "female", "age:female"]
            return fit(orthodont(), "distance", fixed, "Subject", "intercept+slope", slope="age")
        case "chick.rs":
            return fit(data("chick"), "weight", ["Time"], "Chick", "intercept+slope", slope="Time")
        case "chick.diet1":
            frame = chick_diet1()
            return fit(frame, "weight", [name for name in frame.columns if name.startswith("t")], "Chick")
        case "madrs.ri":
            return fit(madrs(), "madrs", visits, "id")
        case "madrs.us.lmer":
            return fit(madrs(), "madrs", visits, "id", "unstructured", visit="visit")
    raise KeyError(model)


def fit(
    frame: pd.DataFrame,
    value: str,
    fixed: list[str],
    subject: str,
    random: Random = "intercept",
    **within: str,
) -> MixedModel:
    return fit_mixed_model(
        frame,
        value=value,
        fixed=fixed,
        subject=subject,
        random=random,
        method="REML",
        **within,
    )


def all_but_intercept(model: MixedModel) -> list[list[float]]:
    """Return the contrast rows that test every fixed column jointly."""
    rows: list[list[float]] = np.eye(len(model.names))[1:].tolist()
    return rows
