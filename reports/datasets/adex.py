"""Exposure: one row per participant whose infusion started."""

from __future__ import annotations

import pandas as pd

from reports.datasets.baseline import subjects
from reports.datasets.columns import shaped
from reports.datasets.extracts import Extracts


def adex(extracts: Extracts) -> pd.DataFrame:
    """Return start, end, completion and rates (mg/kg/h); FINRATE is the last rate above zero."""
    infusions = subjects(extracts.infusions, extracts.participants)
    times = pd.DataFrame(
        {
            "USUBJID": infusions["USUBJID"],
            "infusion_id": infusions["id"],
            "TRTSDT": pd.to_datetime(infusions["occurred_at"], utc=True),
            "TRTEDT": pd.to_datetime(infusions["ended_at"], utc=True),
            "COMPLFL": infusions["is_completed"],
            "ONGOFL": infusions["is_completed"].isna(),
        }
    )
    rows = times.merge(_rates(extracts.rates), on="infusion_id", how="left")
    hours = (rows["TRTEDT"] - rows["TRTSDT"]).dt.total_seconds() / 3600
    return shaped(rows.assign(HOURS=hours).sort_values("USUBJID"), "adex")


def _rates(rates: pd.DataFrame) -> pd.DataFrame:
    flowing = pd.DataFrame(
        {
            "infusion_id": rates["infusion_id"],
            "at": pd.to_datetime(rates["occurred_at"], utc=True),
            "rate": pd.to_numeric(rates["rate"]).astype(float),
        }
    )
    flowing = flowing[flowing["rate"] > 0].sort_values("at", kind="stable")
    grouped = flowing.groupby("infusion_id")["rate"]
    return pd.DataFrame({"FINRATE": grouped.last(), "MAXRATE": grouped.max()}).reset_index()
