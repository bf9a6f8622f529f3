"""Every column of every data set: its type, unit, label and origin. What is not declared here is not there."""

from __future__ import annotations

from typing import Literal, NamedTuple

import pandas as pd

Kind = Literal["text", "float", "flag", "time"]


class DatasetError(ValueError):
    """A data set is not as declared; the message says what is missing and where to declare it."""


class Column(NamedTuple):
    """One column: name, kind, unit, label, and the table or rule it comes from."""

    name: str
    kind: Kind
    unit: str
    label: str
    origin: str


def _text(name: str, label: str, origin: str) -> Column:
    return Column(name, "text", "", label, origin)


def _number(name: str, unit: str, label: str, origin: str) -> Column:
    return Column(name, "float", unit, label, origin)


def _flag(name: str, label: str, origin: str) -> Column:
    return Column(name, "flag", "", label, origin)


def _time(name: str, label: str, origin: str) -> Column:
    return Column(name, "time", "UTC", label, origin)


SUBJECT = _text("USUBJID", "Study id", "participants.study_id")
VISIT = _text("AVISIT", "Analysis visit", "visits.code; the baseline value stands at 'baseline'")
DATE = _time("ADT", "When it was measured", "occurred_at")
BASELINE = "last complete value before the infusion started"

COLUMNS: dict[str, tuple[Column, ...]] = {
    "adsl": (
        SUBJECT,
        _text("COHORT", "Patient or control", "participants.cohort"),
        _number("AGE", "years", "Age at consent", "demographics.age_years"),
        _text("SEX", "Sex", "demographics.sex"),
        _text("RACE", "Race", "demographics.race"),
        _text("ETHNIC", "Ethnicity", "demographics.ethnicity"),
        _number(
            "NTRIALS",
            "trials",
            "Previous antidepressant trials",
            "count of antidepressant_trials; none: missing",
        ),
        _number("CGISBL", "category", "CGI-S at baseline", BASELINE),
        _number("MADRSBL", "points", "MADRS at baseline", BASELINE),
        _flag("CONSFL", "Consented", "a row in consents"),
        _flag("SCRFFL", "Did not meet the criteria", "statuses: enrolment = screen_failure"),
        _flag("WDRFL", "Withdrew before the infusion", "statuses: enrolment = withdrew, and no infusion"),
        _flag("STARTFL", "Infusion started", "a row in infusions"),
        _flag("COMPLFL", "Infusion completed", "infusions.is_completed"),
        _flag("ONGOFL", "Infusion still running", "infusions.is_completed is not yet known"),
        _flag("LOSTFL", "Lost to follow-up", "statuses: last value of follow_up = lost"),
        _text("LOSTRS", "Why lost to follow-up", "statuses.explanation of that value"),
        _flag("SCANFL", "Has a usable scan", "sessions.is_usable"),
        _flag("PPFL", "Per protocol", "COMPLFL and a MADRS at a visit after the infusion, ADT > TRTEDT"),
    ),
    "adex": (
        SUBJECT,
        _time("TRTSDT", "Infusion started", "infusions.occurred_at"),
        _time("TRTEDT", "Infusion ended", "infusions.ended_at"),
        _flag("COMPLFL", "Infusion completed", "infusions.is_completed"),
        _flag("ONGOFL", "Infusion still running", "infusions.is_completed is not yet known"),
        _number("FINRATE", "mg/kg/h", "Final rate", "rates: last rate above zero"),
        _number("MAXRATE", "mg/kg/h", "Highest rate", "rates: maximum"),
        _number("HOURS", "h", "Length of the infusion", "TRTEDT - TRTSDT"),
    ),
    "adqs": (
        SUBJECT,
        _text("PARAMCD", "Scale: MADRS, CGI_S, CGI_I, BPRS, BPRSPOS", "assessments.instrument and subscale"),
        VISIT,
        DATE,
        _number("AVAL", "points", "Score", "assessments.total or subscales; missing items: no score"),
        _number("BASE", "points", "Baseline score", BASELINE),
        _number("CHG", "points", "Change from baseline", "AVAL - BASE after the start; negative is improvement"),
        _flag("ABLFL", "Is the baseline value", BASELINE),
    ),
    "advs": (
        SUBJECT,
        _text("PARAMCD", "SYSBP or DIABP", "vitals.systolic, vitals.diastolic"),
        VISIT,
        DATE,
        _number("AVAL", "mmHg", "Pressure", "vitals"),
        _number("BASE", "mmHg", "Pressure before the infusion", BASELINE),
        _number("CHG", "mmHg", "Change from baseline", "AVAL - BASE after the start"),
        _flag("ABLFL", "Is the baseline value", BASELINE),
    ),
    "adfx": (
        SUBJECT,
        _text("PARAMCD", "Item of the side-effect checklist", "keys of side_effects.scores"),
        VISIT,
        DATE,
        _number("AVAL", "grade", "Grade", "side_effects.scores; an item not asked is absent, never 0"),
        _number("BASE", "grade", "Grade before the infusion", BASELINE),
        _number("CHG", "grade", "Change from baseline", "AVAL - BASE after the start"),
        _flag("ABLFL", "Is the baseline value", BASELINE),
    ),
    "adpc": (
        SUBJECT,
        _text("PARAMCD", "Analyte", "serum.analyte"),
        _text("SAMPLE", "Sampling point", "serum samples"),
        DATE,
        _number("AVAL", "ng/mL", "Concentration", "serum.concentration; missing below the limit"),
        _flag("BLQFL", "Below the limit of quantification", "serum.below_limit"),
        _flag("ONTRTFL", "Drawn during the infusion", "TRTSDT < ADT <= TRTEDT"),
    ),
    "exclusions": (
        SUBJECT,
        _text("WHAT", "What was recorded", "instrument, blood pressure, side effects or scan"),
        _text("AVISIT", "Visit it was recorded at", "visits.code, sessions.timepoint"),
        DATE,
        _text("REASON", "Why it is left out", "reports/datasets/dating.py"),
    ),
    "refusals": (
        SUBJECT,
        _text("COHORT", "Patient or control", "participants.cohort"),
        _time("ADT", "When the use of data was refused", "statuses.occurred_at, axis data"),
    ),
    "adae": (
        SUBJECT,
        _text("AETERM", "What happened", "adverse_events.term"),
        _time("ASTDT", "Onset", "adverse_events.occurred_at"),
        _number("AESEV", "grade", "Severity", "adverse_events.grade"),
        _flag("AESER", "Serious", "adverse_events.is_serious"),
        _flag("TRTEMFL", "Began at or after the start of the infusion", "ASTDT >= TRTSDT"),
    ),
    "addv": (
        SUBJECT,
        _text("DVCAT", "Kind", "deviations.kind"),
        _text("DVTERM", "What departed", "deviations.summary"),
        _time("ASTDT", "When", "deviations.occurred_at"),
        _flag("IMPORTFL", "Important", "deviations.is_important"),
    ),
    "adfc": (
        SUBJECT,
        _text("COHORT", "Patient or control", "participants.cohort"),
        _text("PARAMCD", "Network", "networks.network"),
        _text("AVISIT", "baseline (Pre1 and Pre2 averaged) or post", "sessions.timepoint"),
        _number("AVAL", "Fisher z", "Mean connectivity", "networks.value of usable sessions"),
        _number("NSESS", "sessions", "Sessions averaged", "count"),
    ),
    "admo": (
        SUBJECT,
        _text("PARAMCD", "Structure", "volumes.structure"),
        _number("AVAL", "mm3", "Volume before the infusion", "volumes of the first usable session before TRTSDT"),
        _number("ETIV", "mm3", "Intracranial volume", "volumes: etiv of the same session"),
        _number("RATIO", "per mille", "Volume relative to intracranial volume", "1000 AVAL / ETIV"),
    ),
}

_DTYPES: dict[Kind, str] = {
    "text": "object",
    "float": "float64",
    "flag": "bool",
    "time": "datetime64[us, UTC]",
}


def _declared(name: str) -> tuple[Column, ...]:
    if name not in COLUMNS:
        raise DatasetError(f"'{name}' is no data set; declare it in reports/datasets/columns.py.")
    return COLUMNS[name]


def shaped(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return the frame with exactly the declared columns, in order and of the declared types.

    Raises DatasetError naming a column that is missing or does not convert.
    """
    declared = _declared(name)
    _require(frame, name, declared)
    cast: dict[str, pd.Series] = {}
    for column in declared:
        try:
            cast[column.name] = _cast(frame[column.name], column.kind)
        except (TypeError, ValueError) as error:
            raise DatasetError(f"{name}.{column.name} is not of kind {column.kind}: {error}.") from error
    return pd.DataFrame(cast).reset_index(drop=True)


def validate(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return the frame unchanged when it has the declared columns and types; raises DatasetError."""
    declared = _declared(name)
    _require(frame, name, declared)
    undeclared = [column for column in frame.columns if column not in {c.name for c in declared}]
    if undeclared:
        raise DatasetError(f"{name} has {undeclared} beyond its columns; declare it in reports/datasets/columns.py.")
    for column in declared:
        if str(frame[column.name].dtype) != _DTYPES[column.kind]:
            found = frame[column.name].dtype
            raise DatasetError(
                f"{name}.{column.name} is {found}, declared {column.kind} in reports/datasets/columns.py."
            )
    return frame


def _require(frame: pd.DataFrame, name: str, declared: tuple[Column, ...]) -> None:
    missing = [column.name for column in declared if column.name not in frame.columns]
    if missing:
        raise DatasetError(f"{name} lacks {missing}; declare it in reports/datasets/columns.py.")


def _cast(series: pd.Series, kind: Kind) -> pd.Series:
    if kind == "text":
        return series.astype("object")
    if kind == "float":
        return pd.to_numeric(series).astype("float64")
    if kind == "time":
        return pd.to_datetime(series, utc=True).astype("datetime64[us, UTC]")
    return series.astype("object").map(lambda flag: flag is True or flag == 1).astype("bool")
