"""Subjects: one row per participant, with the flags that the populations are made of."""

from __future__ import annotations

import pandas as pd

from reports.datasets.baseline import moment, subjects
from reports.datasets.columns import shaped
from reports.datasets.dating import is_after
from reports.datasets.extracts import Extracts
from reports.datasets.statuses import latest_status
from trial.protocol import Protocol


def adsl(extracts: Extracts, adex: pd.DataFrame, adqs: pd.DataFrame, protocol: Protocol) -> pd.DataFrame:
    """Return demographics, baseline severity and the flags of flow and populations."""
    people = extracts.participants
    rows = pd.DataFrame({"USUBJID": people["study_id"], "COHORT": people["cohort"]}).sort_values("USUBJID")
    rows = rows.merge(_demographics(extracts), on="USUBJID", how="left")
    rows = rows.merge(_trials(extracts), on="USUBJID", how="left")
    for column, parameter in (("CGISBL", "CGI_S"), ("MADRSBL", "MADRS")):
        flagged = adqs[(adqs["PARAMCD"] == parameter) & adqs["ABLFL"]]
        rows[column] = rows["USUBJID"].map(flagged.set_index("USUBJID")["AVAL"]).astype(float)
    started, completed = adex["USUBJID"], adex.loc[adex["COMPLFL"], "USUBJID"]
    enrolment = latest_status(extracts, "enrolment")["value"]
    patient = rows["COHORT"] == "patient"
    rows = rows.assign(
        CONSFL=rows["USUBJID"].isin(subjects(extracts.consents, people)["USUBJID"]),
        SCRFFL=rows["USUBJID"].isin(enrolment.index[enrolment == "screen_failure"]),
        STARTFL=rows["USUBJID"].isin(started),
        COMPLFL=rows["USUBJID"].isin(completed),
        ONGOFL=rows["USUBJID"].isin(adex.loc[adex["ONGOFL"], "USUBJID"]),
    )
    withdrew = rows["USUBJID"].isin(enrolment.index[enrolment == "withdrew"])
    follow_up = latest_status(extracts, "follow_up")
    lost = follow_up.index[follow_up["value"] == "lost"]
    why = follow_up["explanation"].to_dict()
    rows = rows.assign(
        WDRFL=patient & withdrew & ~rows["STARTFL"],
        SCANFL=rows["USUBJID"].isin(_scanned(extracts)),
        LOSTFL=rows["USUBJID"].isin(lost),
        LOSTRS=[str(why[who] or "") if who in lost else "" for who in rows["USUBJID"]],
        PPFL=patient & rows["COMPLFL"] & rows["USUBJID"].isin(_scored(adex, adqs, protocol)),
    )
    return shaped(rows, "adsl")


def _demographics(extracts: Extracts) -> pd.DataFrame:
    known = subjects(extracts.demographics, extracts.participants)
    named = known.rename(columns={"age_years": "AGE", "sex": "SEX", "race": "RACE", "ethnicity": "ETHNIC"})
    return named[["USUBJID", "AGE", "SEX", "RACE", "ETHNIC"]]


def _trials(extracts: Extracts) -> pd.DataFrame:
    counted = subjects(extracts.antidepressant_trials, extracts.participants).groupby("USUBJID").size()
    return counted.rename("NTRIALS").rename_axis("USUBJID").reset_index()


def _scanned(extracts: Extracts) -> pd.Series:
    sessions = extracts.sessions[extracts.sessions["is_usable"].astype(bool)]
    return subjects(sessions, extracts.participants)["USUBJID"]


def _scored(adex: pd.DataFrame, adqs: pd.DataFrame, protocol: Protocol) -> pd.Series:
    """Who has a MADRS at a visit after the infusion, rated after its end."""
    after = [code for code, visit in protocol.visits.items() if is_after(visit)]
    own = adqs[(adqs["PARAMCD"] == "MADRS") & adqs["AVISIT"].isin(after)]
    return own.loc[own["ADT"] > moment(own, adex, "TRTEDT"), "USUBJID"]
