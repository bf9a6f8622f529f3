"""Side effects: one row per participant, checklist item and visit."""

from __future__ import annotations

import pandas as pd

from reports.datasets.baseline import subjects, visit_codes, with_baseline
from reports.datasets.columns import shaped
from reports.datasets.extracts import Extracts


def adfx(extracts: Extracts, adex: pd.DataFrame) -> pd.DataFrame:
    """Return grades; an item that was not asked has no row, so it never counts as absent."""
    lists = visit_codes(subjects(extracts.side_effects, extracts.participants), extracts.visits)
    columns = (lists[name] for name in ("USUBJID", "AVISIT", "occurred_at", "scores"))
    rows = [
        (subject, item, visit, at, grade)
        for subject, visit, at, scores in zip(*columns, strict=True)
        for item, grade in sorted(scores.items())
    ]
    frame = pd.DataFrame(rows, columns=["USUBJID", "PARAMCD", "AVISIT", "ADT", "AVAL"])
    frame = frame.assign(ADT=pd.to_datetime(frame["ADT"], utc=True), AVAL=pd.to_numeric(frame["AVAL"]).astype(float))
    return shaped(with_baseline(frame, adex), "adfx")
