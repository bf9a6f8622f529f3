"""The rules that every measured value passes: which visit it belongs to, which value is the baseline."""

from __future__ import annotations

import pandas as pd

BASELINE = "baseline"


def subjects(frame: pd.DataFrame, participants: pd.DataFrame) -> pd.DataFrame:
    """Add USUBJID to rows that carry participant_id; a row of nobody known is left out."""
    ids = participants[["id", "study_id"]].rename(columns={"id": "participant_id", "study_id": "USUBJID"})
    return frame.drop(columns="USUBJID", errors="ignore").merge(ids, on="participant_id", how="inner")


def visit_codes(frame: pd.DataFrame, visits: pd.DataFrame) -> pd.DataFrame:
    """Add AVISIT, the code of the visit a row was recorded at; missing where it was recorded at none."""
    codes = visits[["id", "code"]].rename(columns={"id": "visit_id", "code": "AVISIT"})
    return frame.merge(codes, on="visit_id", how="left")


def moment(frame: pd.DataFrame, adex: pd.DataFrame, column: str) -> pd.Series:
    """TRTSDT or TRTEDT of each row's subject, on the index of the frame; missing while it has not come."""
    times = frame[["USUBJID"]].merge(adex[["USUBJID", column]], on="USUBJID", how="left")
    return times.set_index(frame.index)[column]


def with_baseline(frame: pd.DataFrame, adex: pd.DataFrame) -> pd.DataFrame:
    """Add BASE, CHG and ABLFL; keep one value per subject, PARAMCD and visit.

    frame: USUBJID, PARAMCD, AVISIT, ADT (UTC), AVAL; a row without AVAL is no complete value and is left out.
    The baseline is the last value strictly before the infusion started: a later value never is. It stands at
    AVISIT 'baseline', whichever visit it came from. CHG = AVAL - BASE exists from the start on only; before
    and for who never started it is missing. Where a visit holds two values, the later counts.
    """
    rows = frame.dropna(subset=["AVAL"]).merge(adex[["USUBJID", "TRTSDT"]], on="USUBJID", how="left")
    rows = rows.sort_values(["USUBJID", "PARAMCD", "ADT"], kind="stable").reset_index(drop=True)
    before = rows["ADT"] < rows["TRTSDT"]
    last = ~rows[before].duplicated(["USUBJID", "PARAMCD"], keep="last")
    flagged = last.index[last.to_numpy(dtype=bool)]
    rows["ABLFL"] = rows.index.isin(flagged)
    rows = rows[rows["ABLFL"] | (rows["AVISIT"].notna() & (rows["AVISIT"] != BASELINE))]
    rows = rows.assign(AVISIT=rows["AVISIT"].mask(rows["ABLFL"], BASELINE))
    rows = rows.drop_duplicates(["USUBJID", "PARAMCD", "AVISIT"], keep="last")
    base = rows.loc[rows["ABLFL"], ["USUBJID", "PARAMCD", "AVAL"]].rename(columns={"AVAL": "BASE"})
    rows = rows.merge(base, on=["USUBJID", "PARAMCD"], how="left")
    after = rows["ADT"] >= rows["TRTSDT"]
    return rows.assign(CHG=(rows["AVAL"] - rows["BASE"]).where(after))
