"""What was recorded and is not counted: by reason, with how many records and whose."""

from __future__ import annotations

import pandas as pd

from reports.analyses.finding import Finding
from reports.datasets import Datasets
from reports.display.parts import Part, Table, Text
from reports.display.printing import Printer, cell, sentence
from trial.protocol import Protocol

ID = "exclusions"
TITLE = "Data left out, and why"
PER_ROW = 12


def run(datasets: Datasets, protocol: Protocol) -> Finding:
    """Name every record that no analysis counts because its date, its visit or its items do not allow it."""
    say = Printer(ID)
    rows = datasets.exclusions.assign(AVISIT=datasets.exclusions["AVISIT"].map(lambda code: _visit(code, protocol)))
    told = sentence(
        "{records} records of {people} participants are left out of every analysis above.",
        records=say.number("records", "Records left out", len(rows)),
        people=say.number("people", "Participants with a record left out", rows["USUBJID"].nunique()),
    )
    parts: tuple[Part, ...] = (told,)
    if len(datasets.refusals):
        parts = (*_refusals(say, datasets.refusals), told)
    if len(rows):
        parts += (_table(say, rows),)
    return Finding(ID, TITLE, parts)


def _refusals(say: Printer, refusals: pd.DataFrame) -> tuple[Part, ...]:
    """Who refused the use of their data, and that they are counted nowhere."""
    told = sentence(
        "{refused} who refused the use of their data are counted in no number of this report, controls included.",
        refused=say.number("refused", "Use of data refused, participants", len(refusals)),
    )
    rows = tuple(
        (cell(str(row["USUBJID"])), cell(str(row["COHORT"])), cell(f"{row['ADT']:%Y-%m-%d}"))
        for _, row in refusals.iterrows()
    )
    table = Table(
        "Participants left out: use of data refused",
        "Everyone whose latest permission to use data is refused",
        ("Study id", "Cohort", "Refused on (UTC)"),
        rows,
        (2, 2, 2),
        (
            "Withdrawing from treatment or from follow-up does not refuse the use of the data given until then. "
            "Where the permission is granted again, the next report counts the participant again. Reports published "
            "before a refusal are not changed by it.",
        ),
    )
    return told, table


def _visit(code: object, protocol: Protocol) -> str:
    return protocol.visits[code].label if isinstance(code, str) and code in protocol.visits else "at no visit"


def _table(say: Printer, rows: pd.DataFrame) -> Table:
    cells: list[tuple[Text, ...]] = []
    for (reason, what), own in rows.groupby(["REASON", "WHAT"], sort=True):
        key = f"reason_{len(cells) + 1}"
        whose = [f"{who} ({', '.join(visits)})" for who, visits in _whose(own)]
        parts = [cell("; ".join(whose[start : start + PER_ROW])) for start in range(0, len(whose), PER_ROW)]
        cells.append(
            (
                cell(str(reason)),
                cell(str(what)),
                cell(say.number(f"{key}.records", f"{what}: {reason}, records", len(own))),
                cell(say.number(f"{key}.people", f"{what}: {reason}, participants", len(whose))),
                parts[0],
            )
        )
        cells += [(*[cell("")] * 4, part) for part in parts[1:]]
    return Table(
        "Records left out",
        "Everyone with a record",
        ("Reason", "What", "Records", "Participants", "Study id (visit)"),
        tuple(cells),
        (2.8, 1.3, 0.8, 1.1, 3),
        ("They stay on record unchanged. Correct the date or visit where it is wrong, and order the report again.",),
    )


def _whose(own: pd.DataFrame) -> list[tuple[str, list[str]]]:
    return [(str(who), sorted(set(theirs["AVISIT"]))) for who, theirs in own.groupby("USUBJID", sort=True)]
