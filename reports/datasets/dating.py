"""Values that cannot stand where they were recorded: their date says another side of the infusion than their visit.

A value is never moved and never used silently: it is left out, and the report names it with the reason.
"""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

from reports.datasets.baseline import moment
from trial.protocol import Protocol
from trial.protocol.schema import Visit

LATE = "Dated at or after the start of the infusion, but recorded at a visit before it"
EARLY = "Dated before the infusion, but recorded at a visit after its start"
UNFINISHED = "Dated before the end of the infusion, but recorded at a visit after its end"
NO_VISIT = "Recorded at no visit after the infusion started, so it belongs to none"
INCOMPLETE = "An item is missing, so there is no score"
REPLACED = "An item is missing in the last rating before the infusion: an earlier score is the baseline"
LEFT_OUT = ["USUBJID", "WHAT", "AVISIT", "ADT", "REASON"]


class Derived(NamedTuple):
    """A data set, and what was left out of it: one row per record with its reason (LEFT_OUT columns)."""

    rows: pd.DataFrame
    left_out: pd.DataFrame


def is_before(visit: Visit) -> bool:
    """Whether a visit lies before the infusion, so that it may give a baseline."""
    if visit.anchor == "consent":
        return True
    return visit.anchor == "infusion_start" and (
        visit.offset.decimal < 0 or (not visit.offset.decimal and not visit.at)
    )


def is_after(visit: Visit) -> bool:
    """Whether a visit lies after the end of the infusion."""
    return visit.anchor == "infusion_end"


def divided(frame: pd.DataFrame, adex: pd.DataFrame, protocol: Protocol) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Part the rows that may stand from those whose date contradicts their visit; the latter carry REASON.

    frame: USUBJID, AVISIT, ADT (UTC). A row at no visit is judged by its date alone, so it always stands.
    """
    before = [code for code, visit in protocol.visits.items() if is_before(visit)]
    after = [code for code, visit in protocol.visits.items() if is_after(visit)]
    at, dated, start = frame["AVISIT"], frame["ADT"], moment(frame, adex, "TRTSDT")
    reason = pd.Series("", index=frame.index, dtype="object")
    reason[at.isin(before) & (dated >= start)] = LATE
    reason[at.isin(after) & (dated < moment(frame, adex, "TRTEDT"))] = UNFINISHED
    reason[at.notna() & ~at.isin(before) & (dated < start)] = EARLY
    is_kept = reason == ""
    return frame[is_kept], frame.assign(REASON=reason)[~is_kept]


def left_out(*parts: pd.DataFrame) -> pd.DataFrame:
    """The records of several tables with LEFT_OUT columns, each once."""
    rows = pd.concat([part[LEFT_OUT] for part in parts], ignore_index=True)
    return rows.drop_duplicates().sort_values(["REASON", "WHAT", "USUBJID", "ADT"], kind="stable")
