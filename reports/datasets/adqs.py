"""Questionnaires: one row per participant, scale and analysis visit."""

from __future__ import annotations

from typing import Any

import pandas as pd

from reports.datasets.baseline import moment, subjects, visit_codes, with_baseline
from reports.datasets.columns import shaped
from reports.datasets.dating import INCOMPLETE, NO_VISIT, REPLACED, Derived, divided, left_out
from reports.datasets.extracts import Extracts
from trial.protocol import Protocol

PARAMETERS = {"madrs": "MADRS", "cgi_s": "CGI_S", "cgi_i": "CGI_I", "bprs": "BPRS"}
SUBSCALES = {("bprs", "positive"): "BPRSPOS"}
NAMES = {"MADRS": "MADRS", "CGI_S": "CGI-S", "CGI_I": "CGI-I", "BPRS": "BPRS", "BPRSPOS": "BPRS"}


def adqs(extracts: Extracts, adex: pd.DataFrame, protocol: Protocol) -> Derived:
    """Return AVAL, BASE and CHG in scale points; a score with a missing item does not exist.

    Left out: ratings dated against their visit, ratings at no visit after the start, and incomplete ones.
    """
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
    kept, misdated = divided(pd.concat(parts, ignore_index=True), adex, protocol)
    rows = shaped(with_baseline(kept, adex), "adqs")
    unused = [misdated, _unplaced(kept, adex), _incomplete(kept, rows, adex)]
    return Derived(rows, left_out(*(part.assign(WHAT=part["PARAMCD"].map(NAMES)) for part in unused)))


def _unplaced(kept: pd.DataFrame, adex: pd.DataFrame) -> pd.DataFrame:
    """Ratings at no visit after the infusion started."""
    start = moment(kept, adex, "TRTSDT")
    return kept[kept["AVISIT"].isna() & (kept["ADT"] >= start)].assign(REASON=NO_VISIT)


def _incomplete(kept: pd.DataFrame, rows: pd.DataFrame, adex: pd.DataFrame) -> pd.DataFrame:
    """Ratings without a score, with a word of their own where an earlier score became the baseline for them."""
    chosen = rows.loc[rows["ABLFL"], ["USUBJID", "PARAMCD", "ADT"]].rename(columns={"ADT": "BASEDT"})
    known = kept[kept["AVAL"].isna()].merge(chosen, on=["USUBJID", "PARAMCD"], how="left")
    start = moment(known, adex, "TRTSDT")
    is_replaced = (known["ADT"] > known["BASEDT"]) & (known["ADT"] < start)
    return known.assign(REASON=is_replaced.map({True: REPLACED, False: INCOMPLETE}))


def _part(scores: Any, key: str) -> float | None:
    value = scores.get(key) if isinstance(scores, dict) else None
    return None if value is None else float(value)
