"""Serum concentrations: one row per participant, sample and analyte."""

from __future__ import annotations

import pandas as pd

from reports.datasets.baseline import subjects
from reports.datasets.columns import shaped
from reports.datasets.extracts import Extracts
from trial.protocol import Protocol


def adpc(extracts: Extracts, protocol: Protocol) -> pd.DataFrame:
    """Return concentrations (ng/mL); ONTRTFL marks samples after the start and up to the end of the infusion."""
    levels = subjects(extracts.serum, extracts.participants)
    during = [
        code
        for code, sample in protocol.serum.samples.items()
        if (sample.anchor == "infusion_start") == (sample.offset.decimal > 0)
    ]
    rows = pd.DataFrame(
        {
            "USUBJID": levels["USUBJID"],
            "PARAMCD": levels["analyte"],
            "SAMPLE": levels["sample__sample"],
            "ADT": levels["occurred_at"],
            "AVAL": pd.to_numeric(levels["concentration"]).astype(float),
            "BLQFL": levels["below_limit"],
        }
    )
    rows = rows.assign(ONTRTFL=rows["SAMPLE"].isin(during)).sort_values(["USUBJID", "ADT", "PARAMCD"])
    return shaped(rows, "adpc")
