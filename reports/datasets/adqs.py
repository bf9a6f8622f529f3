"""Questionnaires: one row per participant, scale and analysis visit."""

from __future__ import annotations

from typing import Any

import pandas as pd

from reports.datasets.baseline import subjects, visit_codes, with_baseline
from reports.datasets.columns import shaped
from reports.datasets.extracts import Extracts

PARAMETERS = {"madrs": "MADRS", "cgi_s": "CGI_S", "cgi_i": "CGI_I", "bprs": "BPRS"}
SUBSCALES = {("bprs", "positive"): "BPRSPOS"}


def adqs(extracts: Extracts, adex: pd.DataFrame) -> pd.DataFrame:
    """Return AVAL, BASE and CHG in scale points; a score with a missing item does not exist."""
    rated = visit_codes(subjects(extracts.assessments, extracts.participants), extracts.visits)
    rows = pd.DataFrame(
        {
            "USUBJID": rated["USUBJID"],
            "PARAMCD": rated["instrument"].map(PARAMETERS),
            "AVISIT": rated["AVISIT"],
            "ADT": pd.to_datetime(rated["occurred_at"], utc=True),
            "AVAL": pd.to_numeric(rated["total"]).astype(float),
        }
    )
    parts = [rows.dropna(subset=["PARAMCD"])]
    for (instrument, subscale), code in SUBSCALES.items():
        values = rated["subscales"].map(lambda scores, key=subscale: _part(scores, key))
        own = rated["instrument"] == instrument
        parts.append(rows.assign(PARAMCD=code, AVAL=pd.to_numeric(values).astype(float))[own])
    return shaped(with_baseline(pd.concat(parts, ignore_index=True), adex), "adqs")


def _part(scores: Any, key: str) -> float | None:
    value = scores.get(key) if isinstance(scores, dict) else None
    return None if value is None else float(value)
