"""Vital signs: blood pressure before the infusion and at the visits that ask for it."""

from __future__ import annotations

import pandas as pd

from reports.datasets.baseline import subjects, visit_codes, with_baseline
from reports.datasets.columns import shaped
from reports.datasets.dating import Derived, divided, is_before, left_out
from reports.datasets.extracts import Extracts
from trial.protocol import Protocol

PRESSURES = {"systolic": "SYSBP", "diastolic": "DIABP"}
NAME = "Blood pressure"


def advs(extracts: Extracts, adex: pd.DataFrame, protocol: Protocol) -> Derived:
    """Return pressures (mmHg) at the visits of the protocol that ask for them.

    After the start a reading recorded at no visit belongs to the visit in whose window it was taken: opens_at <= ADT
    < closes_at. Of several the one nearest to the due time counts, of two equally near the earlier. Left out:
    readings dated against their visit.
    """
    measured_at = tuple(
        code
        for code, visit in protocol.visits.items()
        if "blood_pressure" in visit.measurements.codes and not is_before(visit)
    )
    taken = visit_codes(subjects(extracts.vitals, extracts.participants), extracts.visits)
    taken = taken.assign(ADT=pd.to_datetime(taken["occurred_at"], utc=True))
    read = pd.concat([taken, _in_window(taken, extracts.visits, measured_at)], ignore_index=True)
    parts = [
        read.assign(PARAMCD=code, AVAL=pd.to_numeric(read[column]).astype(float)) for column, code in PRESSURES.items()
    ]
    rows = pd.concat(parts, ignore_index=True)[["USUBJID", "PARAMCD", "AVISIT", "ADT", "AVAL"]]
    kept, misdated = divided(rows.dropna(subset=["AVAL"]), adex, protocol)
    return Derived(shaped(with_baseline(kept, adex), "advs"), left_out(misdated.assign(WHAT=NAME)))


def _in_window(taken: pd.DataFrame, visits: pd.DataFrame, codes: tuple[str, ...]) -> pd.DataFrame:
    """Readings without a visit, at the window they fall in, unless that visit has its own reading."""
    own = taken[taken["AVISIT"].notna()]
    windows = visits.loc[visits["code"].isin(codes), ["participant_id", "code", "due_at", "opens_at", "closes_at"]]
    for name in ("due_at", "opens_at", "closes_at"):
        windows = windows.assign(**{name: pd.to_datetime(windows[name], utc=True)})
    loose = taken[taken["AVISIT"].isna()].drop(columns="AVISIT").merge(windows, on="participant_id")
    loose = loose[(loose["ADT"] >= loose["opens_at"]) & (loose["ADT"] < loose["closes_at"])]
    loose = loose.rename(columns={"code": "AVISIT"})
    taken_cells = pd.MultiIndex.from_frame(own[["USUBJID", "AVISIT"]])
    free = ~pd.MultiIndex.from_frame(loose[["USUBJID", "AVISIT"]]).isin(taken_cells)
    nearest = loose[free].assign(gap=(loose["ADT"] - loose["due_at"]).abs()).sort_values(["gap", "ADT"])
    return nearest.drop_duplicates(["USUBJID", "AVISIT"])
