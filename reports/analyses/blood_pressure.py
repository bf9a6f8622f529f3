"""Blood pressure (S44, S45): 08:00 on day 5 against before the infusion."""

from __future__ import annotations

import pandas as pd

from reports.analyses.finding import Finding, attempt, population
from reports.datasets import Datasets
from reports.display.parts import Table
from reports.display.printing import Printer, cell
from reports.stats.description import describe
from reports.stats.paired import paired_t
from trial.protocol import Protocol

ID = "blood_pressure"
VISIT = "day_5_0800"
PRESSURES = {"SYSBP": ("systolic", "Systolic, mmHg", "S44"), "DIABP": ("diastolic", "Diastolic, mmHg", "S45")}


def run(datasets: Datasets, protocol: Protocol) -> Finding:
    """Describe the change of each pressure over pairs; the publication gives a mean alone."""
    say = Printer(ID)
    who = population(datasets, protocol, "per_protocol")
    rows, refusals = [], []
    contract: dict[str, dict[str, object]] = {}
    for parameter, (key, label, identity) in PRESSURES.items():
        pairs = _pairs(datasets, parameter, who.subjects)
        before, after, change = describe(pairs["BASE"]), describe(pairs["AVAL"]), describe(pairs["CHG"])
        test, why = attempt(paired_t, pairs["BASE"], pairs["AVAL"])
        if why:
            refusals.append(f"{label}: no limits. {why}")
        low, high = getattr(test, "ci_low", None), getattr(test, "ci_high", None)
        rows.append(
            (
                cell(label),
                cell(say.number(f"{key}.n", f"{label}, n", change.n)),
                say.mean_sd(f"{key}.before", f"{label} before", before.mean, before.sd, (1, 1)),
                say.mean_sd(f"{key}.after", f"{label} on day 5", after.mean, after.sd, (1, 1)),
                say.mean_sd(f"{key}.change", f"{label} change", change.mean, change.sd, (1, 1)),
                say.interval(f"{key}.change", f"{label} change", low, high, 1),
            )
        )
        contract[identity] = {"n": change.n, "mean_change": change.mean, "sd_change": change.sd}
    table = Table(
        f"Blood pressure: before the infusion and at {protocol.visits[VISIT].label.lower()}",
        who.text(say, "pairs with both readings"),
        ("Pressure", "n", "Before, mean (SD)", "Day 5, mean (SD)", "Change (SD)", "95% CI"),
        tuple(rows),
        (1.8, 0.6, 1.7, 1.7, 1.5, 1.7),
        (
            f"Before: {protocol.baseline.definition.text.lower()}. By the protocol clonidine goes on until the end; "
            "whether it was taken is not derived here.",
            *refusals,
        ),
    )
    return Finding(ID, "Blood pressure", (table,), contract)


def _pairs(datasets: Datasets, parameter: str, subjects: pd.Index) -> pd.DataFrame:
    own = datasets.advs
    chosen = (own["PARAMCD"] == parameter) & (own["AVISIT"] == VISIT) & own["USUBJID"].isin(subjects)
    return own[chosen].dropna(subset=["BASE", "AVAL"]).reset_index(drop=True)
