"""Side effects: one row per participant, checklist item and visit."""

from __future__ import annotations

import pandas as pd

from reports.datasets.baseline import subjects, visit_codes, with_baseline
from reports.datasets.columns import shaped
from reports.datasets.extracts import Extracts


def adfx(extracts: Extracts, adex: pd.DataFrame) -> pd.DataFrame:
    """Return grades; an item that was not asked has no row, so it never counts as absent."""
    lists = visit_codes(subjects(extracts.side_effects, extracts.participants), extracts.visits)
    rows = [
        (row.USUBJID, item, row.AVISIT, row.occurred_at, grade)
        for row in lists.itertuples()
        for item, grade in sorted(dict(row.scores).items())
    ]
    frame = pd.DataFrame(rows, columns=["USUBJID", "PARAMCD", "AVISIT", "ADT", "AVAL"])
    frame = frame.assign(ADT=pd.to_datetime(frame["ADT"], utc=True), AVAL=pd.to_numeric(frame["AVAL"]).astype(float))
    return shaped(with_baseline(frame, adex), "adfx")
