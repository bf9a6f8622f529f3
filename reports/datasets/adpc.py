"""Serum concentrations: one row per participant, sample and analyte."""

from __future__ import annotations

import pandas as pd

from reports.datasets.baseline import subjects
from reports.datasets.columns import shaped
from reports.datasets.extracts import Extracts


def adpc(extracts: Extracts, adex: pd.DataFrame) -> pd.DataFrame:
    """Return concentrations (ng/mL).

    ONTRTFL goes by when the sample was drawn, whatever point it was planned for: TRTSDT < ADT <= TRTEDT, and while
    the infusion runs TRTSDT < ADT.
    """
    levels = subjects(extracts.serum, extracts.participants)
    rows = pd.DataFrame(
        {
            "USUBJID": levels["USUBJID"],
            "PARAMCD": levels["analyte"],
            "SAMPLE": levels["sample__sample"],
            "ADT": pd.to_datetime(levels["occurred_at"], utc=True),
            "AVAL": pd.to_numeric(levels["concentration"]).astype(float),
            "BLQFL": levels["below_limit"],
        }
    )
    rows = rows.merge(adex[["USUBJID", "TRTSDT", "TRTEDT"]], on="USUBJID", how="left")
    is_over = rows["ADT"] > rows["TRTEDT"]
    rows = rows.assign(ONTRTFL=(rows["ADT"] > rows["TRTSDT"]) & ~is_over)
    return shaped(rows.sort_values(["USUBJID", "ADT", "PARAMCD"]), "adpc")
