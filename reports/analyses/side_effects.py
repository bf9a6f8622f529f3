"""Side effects (S46 to S51) with their course, adverse events and departures from the protocol."""

from __future__ import annotations

import pandas as pd

from reports.analyses.finding import Finding, Population, population
from reports.datasets import Datasets
from reports.datasets.adfx import UNSCHEDULED
from reports.datasets.baseline import BASELINE
from reports.display.parts import Table, Text
from reports.display.printing import Printer, cell, sentence
from trial.protocol import Protocol

ID = "side_effects"
PUBLISHED = {
    "fatigue": "S46",
    "inattention": "S47",
    "sedation": "S48",
    "lightheadedness": "S49",
    "restlessness": "S50",
    "palpitations": "S51",
}
PERIODS = {"before": "Before", "during": "During", "discharge": "Discharge"}


def present(datasets: Datasets, item: str, visits: tuple[str, ...], subjects: pd.Index) -> pd.Series:
    """Highest grade above zero over the visits, per subject asked at least once; NA for who was never asked."""
    own = datasets.adfx
    chosen = own[(own["PARAMCD"] == item) & own["AVISIT"].isin(visits) & own["USUBJID"].isin(subjects)]
    highest = chosen.groupby("USUBJID")["AVAL"].max().reindex(subjects)
    return (highest > 0).astype("boolean").mask(highest.isna())


def during_visits(protocol: Protocol) -> tuple[str, ...]:
    """Codes of the visits during the infusion that ask the checklist, and the place of lists asked between them."""
    return UNSCHEDULED, *(
        code
        for code, visit in protocol.visits.items()
        if "side_effects" in visit.measurements.codes
        and visit.anchor == "infusion_start"
        and visit.offset.unit == "d"
        and visit.offset.decimal >= 0
    )


def run(datasets: Datasets, protocol: Protocol) -> Finding:
    """Who reported each effect before, during and at discharge, of those asked; events and deviations."""
    say = Printer(ID)
    who = population(datasets, protocol, "completed")
    periods = {"before": (BASELINE,), "during": during_visits(protocol), "discharge": ("discharge",)}
    found = {
        item: {period: _counted(present(datasets, item, visits, who.subjects)) for period, visits in periods.items()}
        for item in protocol.side_effects.items
    }
    parts = (
        _table(say, found, protocol, who),
        _events(say, datasets, protocol),
        _deviations(say, datasets, protocol),
    )
    contract = {
        identity: dict(zip(("count", "denominator", "percent"), _with_percent(found[item]["discharge"]), strict=True))
        for item, identity in PUBLISHED.items()
    }
    return Finding(ID, "Side effects and safety", parts, contract)


def _counted(flags: pd.Series) -> tuple[int, int]:
    return int(flags.sum()), int(flags.notna().sum())


def _with_percent(pair: tuple[int, int]) -> tuple[int, int, float | None]:
    count, of = pair
    return count, of, 100 * count / of if of else None


def _table(say: Printer, found: dict[str, dict[str, tuple[int, int]]], protocol: Protocol, who: Population) -> Table:
    rows = []
    for item, periods in found.items():
        label = protocol.side_effects.items[item].label.text
        cells = [
            say.share(f"{item}.{period}", f"{label}, {PERIODS[period].lower()}", *pair)
            for period, pair in periods.items()
        ]
        rows.append((cell(label), *cells))
    return Table(
        "Side-effect checklist: reported at any grade above none",
        who.text(say, "each cell counts those asked"),
        ("Item", "Before, n/N (%)", "During the infusion, n/N (%)", "At discharge, n/N (%)"),
        tuple(rows),
        (2.4, 1.6, 1.8, 1.6),
        (
            "Before: the last checklist before the infusion started. During: highest grade of the lists on days 1 to 5 "
            "and of those between visits; of two lists at one visit the later counts. The publication counts 21 at "
            "discharge without saying who of the 22 is missing.",
        ),
    )


def _events(say: Printer, datasets: Datasets, protocol: Protocol) -> Text:
    started = population(datasets, protocol, "started")
    events = datasets.adae[datasets.adae["USUBJID"].isin(started.subjects)]
    emergent = events[events["TRTEMFL"]]
    serious = emergent[emergent["AESER"]]
    return sentence(
        "Adverse events from the start of the infusion on: {events}, in {people} of the {n} who started; serious "
        "ones: {serious}, in {serious_people}.",
        n=say.number("events.n", "Infusion started", started.n),
        events=say.number("events.count", "Adverse events", len(emergent)),
        people=say.number("events.people", "Participants with an adverse event", emergent["USUBJID"].nunique()),
        serious=say.number("events.serious", "Serious adverse events", len(serious)),
        serious_people=say.number(
            "events.serious_people", "Participants with a serious adverse event", serious["USUBJID"].nunique()
        ),
    )


def _deviations(say: Printer, datasets: Datasets, protocol: Protocol) -> Text:
    consented = population(datasets, protocol, "consented")
    found = datasets.addv[datasets.addv["USUBJID"].isin(consented.subjects)]
    return sentence(
        "Departures from the protocol on record: {count}, concerning {people} of the {n} patients who consented; "
        "important ones: {important}.",
        n=say.number("deviations.n", "Patients who consented", consented.n),
        count=say.number("deviations.count", "Deviations", len(found)),
        people=say.number("deviations.people", "Participants with a deviation", found["USUBJID"].nunique()),
        important=say.number("deviations.important", "Important deviations", int(found["IMPORTFL"].sum())),
    )
