"""Who the participants are before the infusion (S09 to S17)."""

from __future__ import annotations

import pandas as pd

from reports.analyses.finding import Finding, population
from reports.datasets import Datasets
from reports.display.parts import Table, Text
from reports.display.printing import Printer, cell
from reports.stats.description import Description, describe
from trial.protocol import Protocol

ID = "baseline"
SEVERITY = {4: "moderate", 5: "marked", 6: "severe"}
SEVERITY_LABELS = {
    1: "Normal",
    2: "Borderline ill",
    3: "Mildly ill",
    4: "Moderately ill",
    5: "Markedly ill",
    6: "Severely ill",
    7: "Among the most extremely ill",
}
ETHNICITY = {
    "hispanic": "Hispanic/Latino",
    "not_hispanic": "Not Hispanic/Latino",
    "unknown": "Unknown/not reported",
}


def run(datasets: Datasets, protocol: Protocol) -> Finding:
    """Describe those whose infusion started; percentages are of those with the datum."""
    say = Printer(ID)
    who = population(datasets, protocol, "started")
    people = datasets.adsl[datasets.adsl["USUBJID"].isin(who.subjects)].set_index("USUBJID")
    exposure = datasets.adex.set_index("USUBJID").reindex(who.subjects)
    described = {
        "age": describe(people["AGE"]),
        "trials": describe(people["NTRIALS"]),
        "madrs": describe(people["MADRSBL"]),
        "dose": describe(exposure["FINRATE"]),
        "dose_completed": describe(exposure.loc[exposure["COMPLFL"].eq(True), "FINRATE"]),
        "highest": describe(exposure["MAXRATE"]),
    }
    groups = _groups(people)
    rows = (
        _mean(say, "age", "Age, years", described["age"], (1, 2)),
        *_shares(say, groups),
        _mean(say, "trials", "Previous antidepressant trials", described["trials"], (1, 1)),
        _mean(say, "madrs", "MADRS total at baseline", described["madrs"], (2, 2)),
        _mean(say, "dose", "Final rate, mg/kg/h", described["dose"], (2, 2)),
        _mean(
            say,
            "dose_completed",
            "Final rate, mg/kg/h, of those who completed",
            described["dose_completed"],
            (2, 2),
        ),
        _mean(say, "highest", "Highest rate, mg/kg/h", described["highest"], (2, 2)),
    )
    table = Table(
        "Table 1. Characteristics before the infusion",
        who.text(say),
        ("Characteristic", "n observed", "Mean (SD) or n (%)"),
        rows,
        (3.4, 1, 2),
        (
            f"Baseline: {protocol.baseline.definition.text.lower()}. Percentages are of those observed and are "
            "rounded one by one; they need not add to 100.",
            "The final rate is the last above zero, whatever it was lowered for. The publication does not say how many "
            "its final rate counts: both readings are given.",
        ),
    )
    return Finding(ID, "Baseline", (table,), _contract(described, groups))


def _groups(people: pd.DataFrame) -> dict[str, dict[str, tuple[str, int, int]]]:
    """For each characteristic: key to (label, count, number observed)."""
    sex, race, ethnic = (people[name].dropna() for name in ("SEX", "RACE", "ETHNIC"))
    severity = people["CGISBL"].dropna()
    white, unknown = int((race == "white").sum()), int((race == "unknown").sum())
    levels = {SEVERITY.get(k, str(k)): (label, k) for k, label in SEVERITY_LABELS.items()}
    return {
        "Sex": {k: (k.capitalize(), int((sex == k).sum()), len(sex)) for k in ("male", "female")},
        "Race": {
            "white": ("White", white, len(race)),
            "non_white": ("Non-White", len(race) - white - unknown, len(race)),
            **({"unknown": ("Not reported", unknown, len(race))} if unknown else {}),
        },
        "Ethnicity": {k: (label, int((ethnic == k).sum()), len(ethnic)) for k, label in ETHNICITY.items()},
        "Severity of illness (CGI-S)": {
            key: (label, int((severity == level).sum()), len(severity))
            for key, (label, level) in levels.items()
            if key in SEVERITY.values() or (severity == level).any()
        },
    }


def _mean(say: Printer, key: str, label: str, found: Description, places: tuple[int, int]) -> tuple[Text, ...]:
    n = say.number(f"{key}.n", f"{label}, n", found.n)
    return (cell(label), cell(n), say.mean_sd(key, label, found.mean, found.sd, places))


def _shares(say: Printer, groups: dict[str, dict[str, tuple[str, int, int]]]) -> list[tuple[Text, ...]]:
    rows: list[tuple[Text, ...]] = []
    for heading, members in groups.items():
        for key, (label, count, of) in members.items():
            name, full = f"{heading.split()[0].lower()}.{key}", f"{heading}: {label}"
            places = 2 if heading == "Sex" else 0
            percent = say.percent(f"{name}.percent", f"{full}, percent", 100 * count / of if of else None, places)
            shown = (say.number(f"{name}.count", f"{full}, count", count), " (", percent, ")")
            rows.append((cell(full), cell(say.number(f"{name}.n", f"{full}, n observed", of)), shown))
    return rows


def _contract(
    described: dict[str, Description], groups: dict[str, dict[str, tuple[str, int, int]]]
) -> dict[str, dict[str, object]]:
    def moments(found: Description) -> dict[str, object]:
        return {"n": found.n, "mean": found.mean, "sd": found.sd}

    def shares(heading: str) -> dict[str, object]:
        row: dict[str, object] = {}
        for key, (_, count, of) in groups[heading].items():
            row |= {f"{key}.count": count, f"{key}.percent": 100 * count / of if of else None}
        return row

    severity = shares("Severity of illness (CGI-S)")
    madrs = described["madrs"]
    return {
        "S09": moments(described["age"]),
        "S10": shares("Sex"),
        "S11": {key: value for key, value in shares("Race").items() if not key.startswith("unknown")},
        "S12": shares("Ethnicity"),
        "S13": {key: value for key, value in severity.items() if key.split(".")[0] in SEVERITY.values()},
        "S14": moments(described["trials"]),
        "S15": moments(madrs),
        "S16": {"mean": madrs.mean, "sd": madrs.sd},
        "S17": moments(described["dose"]),
    }
