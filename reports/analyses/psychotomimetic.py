"""Psychotomimetic effects (S42, S43, S53, S54): BPRS positive symptoms during the infusion."""

from __future__ import annotations

import pandas as pd

from reports.analyses.finding import (
    Finding,
    Population,
    attempt,
    course,
    follow_up_visits,
    infusion_days,
    population,
    scores,
    values,
)
from reports.datasets import Datasets
from reports.datasets.baseline import BASELINE
from reports.display.parts import Table, Text
from reports.display.printing import Printer, cell
from reports.stats.correlation import Correlation, pearson
from reports.stats.description import Description, describe
from trial.protocol import Protocol

ID = "psychotomimetic"


def correlation_row(say: Printer, key: str, label: str, found: Correlation | None) -> tuple[Text, ...]:
    """Cells of a correlation: label, n, r, 95% limits, p."""
    low, high = getattr(found, "ci_low", None), getattr(found, "ci_high", None)
    return (
        cell(label),
        cell(say.number(f"{key}.n", f"{label}, n", getattr(found, "n", 0))),
        cell(say.number(f"{key}.r", f"{label}, r", getattr(found, "estimate", None), 2)),
        say.interval(f"{key}.r", f"{label}, r", low, high, 2),
        cell(say.p(f"{key}.p", label, getattr(found, "p", None))),
    )


CORRELATION_HEAD = ("Variables", "n", "r", "95% CI", "p")
CORRELATION_WIDTHS = (4, 0.7, 0.8, 1.7, 0.9)


def run(datasets: Datasets, protocol: Protocol) -> Finding:
    """Describe each infusion day, and correlate the mean over days with the change in MADRS."""
    say = Printer(ID)
    who = population(datasets, protocol, "per_protocol")
    positive = course(datasets, "BPRSPOS", who.subjects)
    days = infusion_days(protocol)
    described = {day: describe(scores(positive, day)) for day in (BASELINE, *days)}
    madrs = course(datasets, "MADRS", who.subjects)
    mean_score = positive.reindex(columns=list(days)).mean(axis=1)
    linked = {
        visit: _linked(mean_score, madrs, visit)
        for visit in follow_up_visits(protocol, "madrs")
        if visit in ("day_6", "week_2", "week_8")
    }
    parts = (
        _days(say, described, protocol, who),
        _peak({day: described[day] for day in days}, protocol),
        _links(say, linked, protocol, who),
    )
    contract: dict[str, dict[str, object]] = {
        "S42": values(described["infusion_day_3"], "n mean sd"),
        "S43": {f"day_{day}.mean": described[f"infusion_day_{day}"].mean for day in (3, 4, 5)},
        "S53": values(linked["day_6"][0], "n estimate p ci_low ci_high"),
        "S54": {
            f"{visit}.{name}": getattr(linked[visit][0], name, None)
            for visit in ("week_2", "week_8")
            for name in ("estimate", "p")
        },
    }
    return Finding(ID, "Psychotomimetic effects (BPRS)", parts, contract)


def _linked(mean_score: pd.Series, madrs: pd.DataFrame, visit: str) -> tuple[Correlation | None, str]:
    change = scores(madrs, visit) - scores(madrs, BASELINE)
    return attempt(lambda: pearson(mean_score, change))


def _days(say: Printer, described: dict[str, Description], protocol: Protocol, who: Population) -> Table:
    rows = []
    for day, found in described.items():
        label = "Before the infusion" if day == BASELINE else protocol.visits[day].label
        n = say.number(f"{day}.n", f"BPRS positive, {label}, n", found.n)
        moments = say.mean_sd(day, f"BPRS positive, {label}", found.mean, found.sd, (1, 2))
        extremes = (
            say.number(f"{day}.minimum", f"BPRS positive, {label}, lowest", found.minimum),
            " to ",
            say.number(f"{day}.maximum", f"BPRS positive, {label}, highest", found.maximum),
        )
        rows.append((cell(label), cell(n), moments, extremes))
    return Table(
        "BPRS positive symptoms by day",
        who.text(say, "each day counts those rated"),
        ("Day", "n", "Mean (SD)", "Lowest to highest"),
        tuple(rows),
        (3, 0.8, 1.6, 1.6),
        (
            "Sum of four items, each from 1: conceptual disorganisation, suspiciousness, hallucinatory behaviour, "
            "unusual thought content. 4 means none.",
        ),
    )


def _peak(described: dict[str, Description], protocol: Protocol) -> Text:
    """The day of the highest mean; the publication names the third."""
    means = {day: found.mean for day, found in described.items() if found.mean is not None}
    if not means:
        return ("No day of the infusion was rated.",)
    highest = max(means, key=lambda day: means[day])
    return (f"The mean was highest on {protocol.visits[highest].label.lower()}; the publication says day 3.",)


def _links(
    say: Printer, linked: dict[str, tuple[Correlation | None, str]], protocol: Protocol, who: Population
) -> Table:
    rows = tuple(
        correlation_row(
            say,
            f"link.{visit}",
            f"Mean BPRS positive and change at {protocol.visits[visit].label.lower()}",
            found,
        )
        for visit, (found, _) in linked.items()
    )
    refusals = tuple(f"{protocol.visits[visit].label}: {why}" for visit, (_, why) in linked.items() if why)
    return Table(
        "BPRS positive symptoms, mean over infusion days, and change in MADRS",
        who.text(say, "pairs with both values"),
        CORRELATION_HEAD,
        rows,
        CORRELATION_WIDTHS,
        (
            "Pearson's r; limits by Fisher's z. Change is the visit minus baseline, so a negative r means that more "
            "symptoms went with more improvement. The mean is over the days rated, be it one. Not corrected for "
            "multiple tests.",
            *refusals,
        ),
    )
