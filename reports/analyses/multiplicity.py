"""The eight primary outcomes against the Bonferroni threshold (S74, S75)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from reports.analyses.connectivity import TERMS, NetworkFit, fit_primary
from reports.analyses.finding import Finding, course, population
from reports.analyses.madrs_course import over_time
from reports.analyses.response import counts_by_visit, proportion_cells
from reports.datasets import Datasets
from reports.display.parts import Table, Text
from reports.display.printing import Printer, cell, sentence
from reports.stats.multiplicity import holm
from trial.protocol import Protocol
from trial.protocol.schema import PrimaryOutcome

ID = "multiplicity"


class Tested(NamedTuple):
    """The p value of one primary outcome, the test it comes from, and its small-sample p where there is one."""

    p: float | None
    test: str
    adjusted: float | None = None


def run(datasets: Datasets, protocol: Protocol) -> Finding:
    """List every primary outcome with its p; one without a test is never said to pass."""
    say = Printer(ID)
    threshold = float(protocol.analysis.bonferroni_threshold)
    tested = _tests(datasets, protocol)
    known = {name: test.p for name, test in tested.items() if test.p is not None}
    failing = [name for name, p in known.items() if p >= threshold]
    untested = [name for name, test in tested.items() if test.p is None]
    parts = (
        _shared(say, len(tested), threshold, protocol),
        _table(say, tested, threshold, protocol),
        _co_primary(say, datasets, protocol),
        _told(failing, untested, protocol),
    )
    contract: dict[str, dict[str, object]] = {
        "S74": {"threshold": threshold, "m": len(protocol.analysis.primary_outcomes)},
        "S75": {"failing": failing},
    }
    return Finding(ID, "Primary outcomes and multiple testing", parts, contract)


def _tests(datasets: Datasets, protocol: Protocol) -> dict[str, Tested]:
    who = population(datasets, protocol, "per_protocol")
    anova, _ = over_time(course(datasets, "MADRS", who.subjects), protocol.analysis.repeated_measures_visits.codes)
    fits = fit_primary(datasets, protocol)
    overall = Tested(getattr(anova, "p_gg", None), "repeated-measures ANOVA, Greenhouse-Geisser")
    return {
        name: overall if outcome.measure == "madrs" else _imaging(outcome, fits)
        for name, outcome in protocol.analysis.primary_outcomes.items()
    }


def _imaging(outcome: PrimaryOutcome, fits: Mapping[str, NetworkFit]) -> Tested:
    if outcome.measure not in fits:
        return Tested(None, "no test")
    fit, name = fits[outcome.measure], TERMS[outcome.term][0]
    ml, kr = fit.published.get(name), fit.adjusted.get(name)
    return Tested(getattr(ml, "p", None), "mixed model, ML, residual df", getattr(kr, "p", None))


def _table(say: Printer, tested: dict[str, Tested], threshold: float, protocol: Protocol) -> Table:
    known = {name: test.p for name, test in tested.items() if test.p is not None}
    stepped = holm(known, float(protocol.analysis.alpha.decimal)) if known else {}
    rows = []
    for name, test in tested.items():
        label = protocol.analysis.primary_outcomes[name].label.text
        passes = "no test" if test.p is None else "passes" if test.p < threshold else "does not pass"
        by_holm = "no test" if name not in stepped else "passes" if stepped[name].rejected else "does not pass"
        rows.append(
            (
                cell(label),
                cell(test.test),
                cell(say.p(f"{name}.p", label, test.p)),
                cell(passes),
                cell(by_holm),
                cell(say.p(f"{name}.kr.p", f"{label}, Kenward-Roger", test.adjusted)),
            )
        )
    return Table(
        "The primary outcomes",
        "Clinical: per protocol; imaging: connectivity model",
        ("Outcome", "Test", "p (raw)", "Bonferroni", "Holm", "p (KR)"),
        tuple(rows),
        (3, 2.4, 0.9, 1.3, 1.3, 0.8),
        (
            "Bonferroni judges the raw, uncorrected p as the publication does. The last column is the small-sample p "
            "(REML, Kenward-Roger) of the same coefficient: where it lies above the threshold, a pass is fragile. "
            "Holm steps through the tests that exist, so an outcome without a test lightens its family; it is shown "
            "for comparison only.",
        ),
    )


def _shared(say: Printer, number: int, threshold: float, protocol: Protocol) -> Text:
    return sentence(
        "Threshold after Bonferroni: {alpha} over {m} outcomes = {threshold}.",
        alpha=protocol.analysis.alpha.text,
        m=say.number("m", "Primary outcomes", number),
        threshold=say.number("threshold", "Bonferroni threshold", threshold, 5),
    )


def _co_primary(say: Printer, datasets: Datasets, protocol: Protocol) -> Table:
    who = population(datasets, protocol, "per_protocol")
    counts = counts_by_visit(datasets, protocol, who.subjects)["cgi_i"]
    rows: tuple[tuple[Text, ...], ...] = tuple(
        (
            cell(protocol.visits[visit].label),
            *proportion_cells(
                say, f"cgi_i.{visit}", f"CGI-I responders at {protocol.visits[visit].label}", *counts[visit]
            ),
        )
        for visit in ("day_6", "week_2", "week_8")
    )
    return Table(
        f"{protocol.analysis.primary_outcomes['cgi_i_responders'].label.text}: proportion and interval, no test",
        who.text(say),
        ("Visit", "n/N (%)", "95% CI, Wilson (%)", "95% CI, Clopper-Pearson (%)"),
        rows,
        (3, 1.5, 1.6, 1.9),
    )


def _told(failing: list[str], untested: list[str], protocol: Protocol) -> Text:
    outcomes = protocol.analysis.primary_outcomes
    names = "; ".join(outcomes[name].label.text for name in failing) or "none of those tested"
    text = f"Do not pass the Bonferroni threshold: {names}."
    if untested:
        text += f" Without a test, so neither passed nor failed: {'; '.join(outcomes[n].label.text for n in untested)}."
    return (f"{text} The publication names only the interaction of the subgenual cingulate.",)
