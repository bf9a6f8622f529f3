"""What the result owes to who was left out: mixed models on both populations, bounds, baseline carried forward."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

from reports.analyses.finding import (
    Finding,
    Population,
    attempt,
    course,
    follow_up_visits,
    population,
    scores,
)
from reports.analyses.response import responded
from reports.datasets import Datasets
from reports.datasets.baseline import BASELINE
from reports.display.parts import Table, Text
from reports.display.printing import Printer, cell
from reports.stats.errors import NotConverged
from reports.stats.mixed_model.fitting import fit_mixed_model
from reports.stats.mixed_model.results import Coefficient, MixedModel
from reports.stats.paired import PairedT, paired_t
from trial.protocol import Protocol

ID = "sensitivity"
STRUCTURES = {"unstructured": "unstructured covariance", "intercept": "random intercept (compound symmetry)"}


class Repeated(NamedTuple):
    """A mixed model for repeated measures: the change at each visit, its covariance, and why it is missing."""

    changes: dict[str, Coefficient]
    structure: str
    subjects: int
    refusal: str


def repeated_measures(wide: pd.DataFrame, visits: tuple[str, ...]) -> Repeated:
    """REML with Kenward-Roger: score on visit, unstructured; random intercept where that does not converge.

    wide: a row per subject, a column per visit, baseline among them; missing scores stay missing.
    """
    present = [visit for visit in visits if scores(wide, visit).notna().any()]
    columns = wide.reindex(columns=[BASELINE, *present]).rename_axis(index="USUBJID", columns=None)
    tall = columns.reset_index().melt("USUBJID", var_name="AVISIT", value_name="AVAL").dropna(subset=["AVAL"])
    for visit in present:
        tall[visit] = (tall["AVISIT"] == visit).astype(float)
    found, why = attempt(lambda: _fit(tall, present))
    if found is None:
        return Repeated({}, "", int(tall["USUBJID"].nunique()), why)
    model, structure = found
    changes = model.coefficients("kenward-roger")
    return Repeated({v: changes[v] for v in present}, STRUCTURES[structure], model.n_subjects, "")


def _fit(tall: pd.DataFrame, visits: list[str]) -> tuple[MixedModel, str]:
    full = fit_mixed_model(
        tall,
        value="AVAL",
        fixed=visits,
        subject="USUBJID",
        random="unstructured",
        visit="AVISIT",
        method="REML",
    )
    if full.converged:
        return full, "unstructured"
    simple = fit_mixed_model(tall, value="AVAL", fixed=visits, subject="USUBJID", method="REML")
    if not simple.converged:
        raise NotConverged("Neither an unstructured nor a random-intercept model of MADRS converged.")
    return simple, "intercept"


def run(datasets: Datasets, protocol: Protocol) -> Finding:
    """Show beside each other: declared population, all who started, observed pairs, baseline carried forward."""
    say = Printer(ID)
    who = population(datasets, protocol, "per_protocol")
    started = population(datasets, protocol, "started")
    codes = tuple(code for code in protocol.analysis.repeated_measures_visits.codes if code != BASELINE)
    narrow, wide = course(datasets, "MADRS", who.subjects), course(datasets, "MADRS", started.subjects)
    models = {"per_protocol": repeated_measures(narrow, codes), "started": repeated_measures(wide, codes)}
    every = repeated_measures(wide, follow_up_visits(protocol, "madrs"))
    listwise = narrow.reindex(columns=[BASELINE, *codes]).dropna()
    simple = {
        "observed": {visit: _paired(narrow, visit) for visit in codes},
        "listwise": {visit: _paired(listwise, visit) for visit in codes},
        "carried": {visit: _paired(_carried(wide, visit), visit) for visit in codes},
    }
    parts = (
        _model_table(say, models, every, protocol),
        _simple_table(say, simple, protocol),
        _bounds(say, wide, protocol, started),
    )
    return Finding(ID, "Sensitivity", parts)


def _paired(wide: pd.DataFrame, visit: str) -> PairedT | None:
    return attempt(lambda: paired_t(scores(wide, BASELINE), scores(wide, visit)))[0]


def _carried(wide: pd.DataFrame, visit: str) -> pd.DataFrame:
    """Baseline put in the place of a missing score: as if nothing had changed."""
    base = scores(wide, BASELINE)
    return pd.DataFrame({BASELINE: base, visit: scores(wide, visit).fillna(base)})


def _change_cells(say: Printer, key: str, label: str, found: Coefficient | PairedT | None) -> tuple[Text, ...]:
    change = getattr(found, "estimate", getattr(found, "mean_change", None))
    low, high = getattr(found, "ci_low", None), getattr(found, "ci_high", None)
    return (
        cell(say.number(f"{key}.change", f"{label}, change", change, 2)),
        say.interval(f"{key}.change", f"{label}, change", low, high, 2),
        cell(say.number(f"{key}.t", f"{label}, t", getattr(found, "statistic", None), 2)),
        cell(say.number(f"{key}.df", f"{label}, df", getattr(found, "df", None), 1)),
        cell(say.p(f"{key}.p", label, getattr(found, "p", None))),
    )


def _model_table(
    say: Printer,
    models: dict[str, Repeated],
    every: Repeated,
    protocol: Protocol,
) -> Table:
    rows, refusals = [], []
    titled = (
        ("per_protocol", "Per protocol", models["per_protocol"]),
        ("started", "All who started", models["started"]),
        ("every_visit", "All who started, every visit modelled", every),
    )
    for key, title, model in titled:
        if model.refusal:
            refusals.append(f"{title}: {model.refusal}")
        for visit, change in model.changes.items():
            label = f"{title}, {protocol.visits[visit].label.lower()}"
            n = say.number(f"{key}.{visit}.n", f"{label}, participants in the model", model.subjects)
            rows.append((cell(label), cell(n), *_change_cells(say, f"{key}.{visit}", label, change)))
    fitted = {title: model.structure for _, title, model in titled if model.structure}
    used = ", ".join(sorted(set(fitted.values())))
    if len(set(fitted.values())) > 1:
        used = "; ".join(f"{title.lower()}: {structure}" for title, structure in fitted.items())
    return Table(
        "Change in MADRS from baseline by mixed model for repeated measures",
        "As named in each row",
        ("Population and visit", "n", "Change", "95% CI", "t", "df (KR)", "p"),
        tuple(rows),
        (4.2, 0.5, 0.9, 1.9, 0.9, 0.8, 0.9),
        (
            f"REML, visit as a factor, {used or 'no fit'}, Kenward-Roger df; n is who has any score. Every observed "
            "score counts and nobody is dropped for a missing visit, which the listwise analysis does. Where an "
            "unstructured covariance does not converge, a random intercept takes its place; there is no step between, "
            "and no robust standard error. Unbiased only if what is missing "
            "depends on what was observed; the bounds below do without that.",
            *refusals,
        ),
    )


def _simple_table(say: Printer, simple: dict[str, dict[str, PairedT | None]], protocol: Protocol) -> Table:
    titles = {
        "observed": "Per protocol, observed pairs",
        "listwise": "Per protocol, every visit observed (listwise)",
        "carried": "All who started, baseline carried forward",
    }
    rows = []
    for name, by_visit in simple.items():
        for visit, found in by_visit.items():
            label = f"{titles[name]}, {protocol.visits[visit].label.lower()}"
            n = say.number(f"{name}.{visit}.n", f"{label}, pairs", getattr(found, "n", 0))
            rows.append((cell(label), cell(n), *_change_cells(say, f"{name}.{visit}", label, found)))
    return Table(
        "The same change by simpler means",
        "As named in each row",
        ("Population and visit", "n", "Change", "95% CI", "t", "df", "p"),
        tuple(rows),
        (4.2, 0.5, 0.9, 1.9, 0.9, 0.8, 0.9),
        ("Paired t tests; n is the pairs. Listwise deletion counts only who was seen at every visit of the ANOVA.",),
    )


def _bounds(say: Printer, wide: pd.DataFrame, protocol: Protocol, started: Population) -> Table:
    """Response of all who started when the missing are all counted as failures, and as responders."""
    rows = []
    for visit in protocol.outcomes.sustained_visits.codes:
        flags = responded(wide, visit, protocol)
        label = protocol.visits[visit].label
        low, missing = int(flags.sum()), int(flags.isna().sum())
        rows.append(
            (
                cell(label),
                cell(say.number(f"bounds.{visit}.missing", f"{label}, not observed", missing)),
                say.share(f"bounds.{visit}.low", f"{label}, missing as non-responders", low, started.n, 1),
                say.share(f"bounds.{visit}.high", f"{label}, missing as responders", low + missing, started.n, 1),
            )
        )
    return Table(
        "Bounds of response",
        started.text(say),
        ("Visit", "Not observed", "Missing as non-responders, n/N (%)", "Missing as responders, n/N (%)"),
        tuple(rows),
        (1.6, 1, 2.4, 2.2),
    )
