"""Adverse events and departures from the protocol, one row each."""

from __future__ import annotations

import pandas as pd

from reports.datasets.baseline import subjects
from reports.datasets.columns import shaped
from reports.datasets.extracts import Extracts


def adae(extracts: Extracts, adex: pd.DataFrame) -> pd.DataFrame:
    """Return adverse events; TRTEMFL marks those that began at or after the start of the infusion."""
    events = subjects(extracts.adverse_events, extracts.participants)
    rows = events.rename(columns={"term": "AETERM", "grade": "AESEV", "is_serious": "AESER"})
    rows = rows.assign(ASTDT=pd.to_datetime(rows["occurred_at"], utc=True))
    rows = rows.merge(adex[["USUBJID", "TRTSDT"]], on="USUBJID", how="left").sort_values(["USUBJID", "ASTDT"])
    return shaped(rows.assign(TRTEMFL=rows["ASTDT"] >= rows["TRTSDT"]), "adae")


def addv(extracts: Extracts) -> pd.DataFrame:
    """Return deviations that hold, with their kind and importance; a void one turned out to be none."""
    standing = extracts.deviations[~extracts.deviations["is_void"].astype(bool)]
    found = subjects(standing, extracts.participants)
    rows = found.rename(columns={"kind": "DVCAT", "summary": "DVTERM", "is_important": "IMPORTFL"})
    return shaped(rows.assign(ASTDT=rows["occurred_at"]).sort_values(["USUBJID", "ASTDT"]), "addv")
