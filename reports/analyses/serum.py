"""Serum concentrations (S52, S55, S56). Exploratory: the publication prints no coefficient."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

from reports.analyses.finding import Finding, Population, attempt, course, population, scores, values
from reports.analyses.psychotomimetic import CORRELATION_HEAD, CORRELATION_WIDTHS, correlation_row
from reports.analyses.side_effects import during_visits, present
from reports.datasets import Datasets
from reports.datasets.baseline import BASELINE
from reports.display.parts import Table, Text
from reports.display.printing import Printer, cell, sentence
from reports.stats.correlation import pearson
from reports.stats.description import describe
from reports.stats.errors import StatsError
from reports.stats.logistic import FirthLogistic, firth
from trial.protocol import Protocol

ID = "serum"
PER = 100.0


class Fit(NamedTuple):
    """One logistic regression, and why it is missing."""

    effect: str
    analyte: str
    result: FirthLogistic | None
    refusal: str


def run(datasets: Datasets, protocol: Protocol) -> Finding:
    """Mean concentration per participant during the infusion, and its relation to response and side effects."""
    say = Printer(ID)
    who = population(datasets, protocol, "per_protocol")
    means = mean_levels(datasets, protocol, who.subjects)
    madrs = course(datasets, "MADRS", who.subjects)
    visit = protocol.outcomes.response_visit.codes[0]
    change = scores(madrs, visit) - scores(madrs, BASELINE)
    linked = {name: attempt(pearson, scores(means, name), change) for name in protocol.serum.analytes}
    fits = [
        _fit(datasets, protocol, means, item, analyte)
        for item in protocol.side_effects.items
        for analyte in protocol.serum.analytes
    ]
    label = protocol.visits[visit].label.lower()
    rows = tuple(
        correlation_row(say, f"link.{name}", f"{protocol.serum.analytes[name].label.text} and change at {label}", found)
        for name, (found, _) in linked.items()
    )
    refusals = tuple(f"{protocol.serum.analytes[name].label.text}: {why}" for name, (_, why) in linked.items() if why)
    note = ("Pearson's r of mean concentration and change in MADRS (visit minus baseline); exploratory, uncorrected.",)
    links = Table(
        "Concentration and response", who.text(say), CORRELATION_HEAD, rows, CORRELATION_WIDTHS, note + refusals
    )
    parts = (_levels(say, means, protocol, who), links, *_effects(say, fits, protocol, who))
    contract = {
        "S52": {
            f"by_analyte.{name}.{key}": value
            for name in protocol.serum.analytes
            for key, value in values(describe(means[name]), "n mean sd").items()
        },
        "S55": {f"{n}.{k}": v for n, (r, _) in linked.items() for k, v in values(r, "estimate p").items()},
        "S56": {
            f"{fit.effect}.{fit.analyte}.{key}": value
            for fit in fits
            for key, value in values(fit.result, "estimate se p").items()
        },
    }
    return Finding(ID, "Serum concentrations", parts, contract)


def mean_levels(datasets: Datasets, protocol: Protocol, subjects: pd.Index) -> pd.DataFrame:
    """Mean concentration (ng/mL) during the infusion: a row per subject, a column per analyte."""
    own = datasets.adpc[datasets.adpc["ONTRTFL"]]
    means = own.pivot_table(index="USUBJID", columns="PARAMCD", values="AVAL", aggfunc="mean")
    return means.reindex(index=subjects, columns=list(protocol.serum.analytes)).astype(float)


def _fit(datasets: Datasets, protocol: Protocol, means: pd.DataFrame, item: str, analyte: str) -> Fit:
    """Firth logistic regression of an effect during the infusion on a concentration; a failed fit is told."""
    flags = present(datasets, item, during_visits(protocol), means.index).astype("Float64").astype(float)
    try:
        return Fit(item, analyte, firth(means[analyte], flags), "")
    except StatsError as refusal:
        return Fit(item, analyte, None, str(refusal))


def _levels(say: Printer, means: pd.DataFrame, protocol: Protocol, who: Population) -> Table:
    rows = []
    for name, analyte in protocol.serum.analytes.items():
        found = describe(means[name])
        label = analyte.label.text
        extremes = (
            say.number(f"level.{name}.minimum", f"{label}, lowest", found.minimum),
            " to ",
            say.number(f"level.{name}.maximum", f"{label}, highest", found.maximum),
        )
        n = say.number(f"level.{name}.n", f"{label}, n", found.n)
        moments = say.mean_sd(f"level.{name}", label, found.mean, found.sd, (0, 0))
        rows.append((cell(label), cell(n), moments, extremes))
    target = protocol.titration.target_concentration
    return Table(
        "Mean serum concentration during the infusion, ng/mL",
        who.text(say, "those with a sample"),
        ("Analyte", "n", "Mean (SD)", "Lowest to highest"),
        tuple(rows),
        (2.6, 0.8, 1.6, 1.6),
        (
            "Per participant the mean of all samples after the start up to the end of the infusion; values below "
            f"the limit of quantification are left out. Anticipated ketamine: about {target.text} {target.unit}.",
        ),
    )


def _effects(say: Printer, fits: list[Fit], protocol: Protocol, who: Population) -> tuple[Table | Text, ...]:
    """A row per effect that occurred in some but not all: log odds per 100 ng/mL and p, per analyte."""
    rows = []
    fitted = {fit.effect for fit in fits if fit.result is not None}
    for item in (name for name in protocol.side_effects.items if name in fitted):
        effect = protocol.side_effects.items[item].label.text
        largest = max((fit.result for fit in fits if fit.effect == item and fit.result), key=lambda result: result.n)
        counted = (
            say.number(f"firth.{item}.events", f"{effect}, participants with it", largest.events),
            "/",
            say.number(f"firth.{item}.n", f"{effect}, participants in the model", largest.n),
        )
        cells: list[Text] = [cell(effect), counted]
        for fit in (fit for fit in fits if fit.effect == item):
            key = f"firth.{item}.{fit.analyte}"
            label = f"{effect} on {protocol.serum.analytes[fit.analyte].label.text}"
            slope = None if fit.result is None else PER * fit.result.estimate
            p = say.p(f"{key}.p", label, getattr(fit.result, "p", None))
            cells.append((say.number(f"{key}.slope", f"{label}, log odds per 100 ng/mL", slope, 2), " (", p, ")"))
        rows.append(tuple(cells))
    heads = tuple(analyte.label.text for analyte in protocol.serum.analytes.values())
    table = Table(
        "Side effects during the infusion and concentration: log odds ratio per 100 ng/mL (p)",
        who.text(say),
        ("Effect", "Events / n", *heads),
        tuple(rows),
        (73, 36.5, *[71 if "-norketamine" in head else 62.5 if "norketamine" in head else 61.2 for head in heads]),
        (
            "Firth's penalised logistic regression, penalised likelihood ratio p; exploratory, uncorrected. The "
            "publication says that none was related and shows no numbers.",
        ),
    )
    total = len(protocol.side_effects.items)
    told = sentence(
        "{missing} of {total} effects could not be modelled: everyone or nobody reported them, or concentrations are "
        "missing.",
        missing=say.number("firth.missing", "Effects not modelled", total - len(fitted)),
        total=say.number("firth.total", "Effects on the checklist", total),
    )
    return (table, told)
