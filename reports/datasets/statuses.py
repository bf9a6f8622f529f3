"""Dated statuses: the latest on an axis, and whose data may be used at all."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import pandas as pd

from reports.datasets.baseline import subjects
from reports.datasets.columns import shaped
from reports.datasets.extracts import Extracts

DATA, REFUSED = "data", "refused"


class Permitted(NamedTuple):
    """The extracts of those whose data may be used, and who refused: a row each (columns.py: refusals)."""

    extracts: Extracts
    refusals: pd.DataFrame


def latest_status(extracts: Extracts, axis: str) -> pd.DataFrame:
    """The latest status of each participant on an axis, by its date and then its entry; indexed by USUBJID."""
    statuses = subjects(extracts.statuses, extracts.participants)
    own = statuses[statuses["axis"] == axis].sort_values(["occurred_at", "entered_at"], kind="stable")
    return own.drop_duplicates("USUBJID", keep="last").set_index("USUBJID")


def permitted(extracts: Extracts) -> Permitted:
    """Leave out of every table whoever's latest permission to use data is refused.

    Only that status does so: who withdraws from treatment or from follow-up leaves the data given until then. A
    permission granted again counts again.
    """
    latest = latest_status(extracts, DATA)
    refused = latest[latest["value"] == REFUSED]
    cohort = extracts.participants.set_index("study_id")["cohort"]
    rows = pd.DataFrame({"USUBJID": refused.index, "ADT": refused["occurred_at"].to_numpy()}).sort_values("USUBJID")
    refusals = shaped(rows.assign(COHORT=rows["USUBJID"].map(cohort)), "refusals")
    if refused.empty:
        return Permitted(extracts, refusals)
    people = set(refused["participant_id"])
    kept: dict[str, Any] = {
        name: frame[~frame["id" if name == "participants" else "participant_id"].isin(people)]
        for name, frame in extracts.frames().items()
    }
    return Permitted(replace(extracts, **kept), refusals)
