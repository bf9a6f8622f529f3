"""Imaging: connectivity per network before and after the infusion, and volumes before it."""

from __future__ import annotations

import pandas as pd

from reports.datasets.baseline import subjects
from reports.datasets.columns import shaped
from reports.datasets.extracts import Extracts

TIMEPOINTS = {"pre1": "baseline", "pre2": "baseline", "post": "post"}
INTRACRANIAL = "etiv"


def adfc(extracts: Extracts) -> pd.DataFrame:
    """Return mean Fisher z per participant, network and time; usable Pre1 and Pre2 are averaged to baseline."""
    values = _of_usable_sessions(extracts.networks, extracts).assign(
        AVAL=lambda rows: pd.to_numeric(rows["value"]).astype(float), PARAMCD=lambda rows: rows["network"]
    )
    values = values.dropna(subset=["AVAL"])
    cells = values.assign(AVISIT=values["timepoint"].map(TIMEPOINTS)).groupby(
        ["USUBJID", "PARAMCD", "AVISIT"], sort=True
    )
    rows = pd.DataFrame({"AVAL": cells["AVAL"].mean(), "NSESS": cells["AVAL"].size()}).reset_index()
    cohort = extracts.participants.set_index("study_id")["cohort"]
    return shaped(rows.assign(COHORT=rows["USUBJID"].map(cohort)), "adfc")


def admo(extracts: Extracts) -> pd.DataFrame:
    """Return volumes (mm3) of the first usable session before the infusion, and their ratio to the intracranial one."""
    values = _of_usable_sessions(extracts.volumes, extracts)
    values = values[values["timepoint"].isin(["pre1", "pre2"])]
    values = values.assign(AVAL=pd.to_numeric(values["volume_mm3"]).astype(float)).sort_values("timepoint")
    first = values.drop_duplicates(["USUBJID", "structure"])
    skull = first[first["structure"] == INTRACRANIAL].set_index("USUBJID")["AVAL"]
    rows = first[first["structure"] != INTRACRANIAL].rename(columns={"structure": "PARAMCD"})
    rows = rows.assign(ETIV=rows["USUBJID"].map(skull).astype(float))
    rows = rows.assign(RATIO=1000 * rows["AVAL"] / rows["ETIV"]).sort_values(["USUBJID", "PARAMCD"])
    return shaped(rows, "admo")


def _of_usable_sessions(frame: pd.DataFrame, extracts: Extracts) -> pd.DataFrame:
    sessions = extracts.sessions[["id", "timepoint", "is_usable"]].rename(columns={"id": "session_id"})
    rows = subjects(frame, extracts.participants).merge(sessions, on="session_id", how="inner")
    return rows[rows["is_usable"].astype(bool)]
