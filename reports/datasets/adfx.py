"""Side effects: one row per participant, checklist item and visit."""

from __future__ import annotations

import pandas as pd

from reports.datasets.baseline import moment, subjects, visit_codes, with_baseline
from reports.datasets.columns import shaped
from reports.datasets.dating import NO_VISIT, Derived, divided, left_out
from reports.datasets.extracts import Extracts
from trial.protocol import Protocol

UNSCHEDULED = "unscheduled"
NAME = "Side-effect checklist"


def adfx(extracts: Extracts, adex: pd.DataFrame, protocol: Protocol) -> Derived:
    """Return grades; an item that was not asked has no row, so it never counts as absent.

    A checklist at no visit stands at AVISIT 'unscheduled' when it was asked during the infusion: of several the
    highest grade. Left out: checklists dated against their visit, and those at no visit after the end.
    """
    lists = visit_codes(subjects(extracts.side_effects, extracts.participants), extracts.visits)
    columns = (lists[name] for name in ("USUBJID", "AVISIT", "occurred_at", "scores"))
    rows = [
        (subject, item, visit, at, grade)
        for subject, visit, at, scores in zip(*columns, strict=True)
        for item, grade in sorted(scores.items())
    ]
    frame = pd.DataFrame(rows, columns=["USUBJID", "PARAMCD", "AVISIT", "ADT", "AVAL"])
    frame = frame.assign(ADT=pd.to_datetime(frame["ADT"], utc=True), AVAL=pd.to_numeric(frame["AVAL"]).astype(float))
    kept, misdated = divided(frame, adex, protocol)
    placed, unplaced = _unscheduled(kept, adex)
    return Derived(
        shaped(with_baseline(placed, adex), "adfx"),
        left_out(*(part.assign(WHAT=NAME) for part in (misdated, unplaced))),
    )


def _unscheduled(kept: pd.DataFrame, adex: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Give grades at no visit during the infusion a place; part them from those after its end."""
    is_loose = kept["AVISIT"].isna() & (kept["ADT"] >= moment(kept, adex, "TRTSDT"))
    is_over = is_loose & (kept["ADT"] > moment(kept, adex, "TRTEDT"))
    during = kept[is_loose & ~is_over].sort_values("AVAL", kind="stable")
    during = during.drop_duplicates(["USUBJID", "PARAMCD"], keep="last").assign(AVISIT=UNSCHEDULED)
    return pd.concat([kept[~is_loose], during], ignore_index=True), kept[is_over].assign(REASON=NO_VISIT)
