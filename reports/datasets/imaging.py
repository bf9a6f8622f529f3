"""Imaging: connectivity per network before and after the infusion, and volumes before it."""

from __future__ import annotations

import pandas as pd

from reports.datasets.baseline import moment, subjects
from reports.datasets.columns import shaped
from reports.datasets.dating import EARLY, LATE, UNFINISHED, Derived, left_out
from reports.datasets.extracts import Extracts

TIMEPOINTS = {"pre1": "baseline", "pre2": "baseline", "post": "post"}
INTRACRANIAL = "etiv"
NAME = "Scan"


def sessions(extracts: Extracts, adex: pd.DataFrame) -> Derived:
    """Return usable sessions: session_id, USUBJID, timepoint, AVISIT, ADT (UTC).

    Left out: a scan named before the infusion but dated after its start, and the other way round. Controls and who
    never started have no start to be judged by.
    """
    usable = extracts.sessions[extracts.sessions["is_usable"].astype(bool)]
    known = subjects(usable, extracts.participants).rename(columns={"id": "session_id"})
    known = known.assign(ADT=pd.to_datetime(known["occurred_at"], utc=True), AVISIT=known["timepoint"].map(TIMEPOINTS))
    known = known[["session_id", "USUBJID", "timepoint", "AVISIT", "ADT"]]
    start = moment(known, adex, "TRTSDT")
    is_late = (known["AVISIT"] == "baseline") & (known["ADT"] >= start)
    is_post = known["AVISIT"] == "post"
    is_early = is_post & (known["ADT"] < start)
    is_during = is_post & (known["ADT"] >= start) & (known["ADT"] < moment(known, adex, "TRTEDT"))
    named = known.assign(WHAT=NAME, AVISIT=known["timepoint"])
    unused = left_out(
        named[is_late].assign(REASON=LATE),
        named[is_early].assign(REASON=EARLY),
        named[is_during].assign(REASON=UNFINISHED),
    )
    return Derived(known[~(is_late | is_early | is_during)], unused)


def adfc(extracts: Extracts, scans: pd.DataFrame) -> pd.DataFrame:
    """Return mean Fisher z per participant, network and time; usable Pre1 and Pre2 are averaged to baseline."""
    values = _of(scans, extracts.networks, "value").assign(PARAMCD=lambda rows: rows["network"])
    cells = values.dropna(subset=["AVAL"]).groupby(["USUBJID", "PARAMCD", "AVISIT"], sort=True)
    rows = pd.DataFrame({"AVAL": cells["AVAL"].mean(), "NSESS": cells["AVAL"].size()}).reset_index()
    cohort = extracts.participants.set_index("study_id")["cohort"]
    return shaped(rows.assign(COHORT=rows["USUBJID"].map(cohort)), "adfc")


def admo(extracts: Extracts, scans: pd.DataFrame) -> pd.DataFrame:
    """Return volumes (mm3) and their ratio to the intracranial volume of the same session.

    The session is chosen first: of each participant the earliest usable one before the infusion that was measured.
    """
    values = _of(scans[scans["AVISIT"] == "baseline"], extracts.volumes, "volume_mm3")
    values = values.sort_values(["USUBJID", "ADT", "timepoint"], kind="stable")
    first = values.drop_duplicates("USUBJID").set_index("USUBJID")["session_id"]
    values = values[values["session_id"] == values["USUBJID"].map(first)]
    skull = values[values["structure"] == INTRACRANIAL].set_index("USUBJID")["AVAL"]
    rows = values[values["structure"] != INTRACRANIAL].rename(columns={"structure": "PARAMCD"})
    rows = rows.assign(ETIV=rows["USUBJID"].map(skull).astype(float))
    rows = rows.assign(RATIO=1000 * rows["AVAL"] / rows["ETIV"]).sort_values(["USUBJID", "PARAMCD"])
    return shaped(rows, "admo")


def _of(scans: pd.DataFrame, measured: pd.DataFrame, column: str) -> pd.DataFrame:
    """What was measured in the sessions, with AVAL as a float; later rows of the same cell last."""
    rows = measured.drop(columns=["USUBJID", "occurred_at"], errors="ignore").merge(scans, on="session_id", how="inner")
    return rows.assign(AVAL=pd.to_numeric(rows[column]).astype(float))
