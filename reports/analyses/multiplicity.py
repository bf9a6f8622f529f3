"""The eight primary outcomes against the Bonferroni threshold (S74, S75)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from reports.analyses.connectivity import TERMS, NetworkFit, fit_primary
from reports.analyses.finding import Finding, course, population
from reports.analyses.madrs_course import over_time
from reports.analyses.response import counts_by_visit, proportion_cells
from reports.datasets import Datasets
from reports.display.parts import Part, Piece, Table, Text
from reports.display.printing import Printer, cell, sentence
from reports.stats.multiplicity import holm
from trial.protocol import Protocol
from trial.protocol.schema import PrimaryOutcome

ID = "multiplicity"


class Tested(NamedTuple):
    """One primary outcome: its words, p, the test it comes from, over how many, and its small-sample p."""

    label: str
    p: float | None
    test: str
    n: int | None = None
    adjusted: float | None = None


def run(datasets: Datasets, protocol: Protocol) -> Finding:
    """List every primary outcome with its p; one without a test is never said to pass."""
    say = Printer(ID)
    threshold = float(protocol.analysis.bonferroni_threshold)
    tested = _tests(datasets, protocol)
    known = {name: test.p for name, test in tested.items() if test.p is not None}
    failing = [name for name, p in known.items() if p >= threshold]
    parts: tuple[Part, ...] = (
        _shared(say, len(tested), threshold, protocol),
        _table(say, tested, threshold, protocol),
        _co_primary(say, datasets, protocol),
        *_told(say, tested, threshold),
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
    outcomes = protocol.analysis.primary_outcomes
    return {
        name: Tested(
            outcome.label.text,
            getattr(anova, "p_gg", None),
            "repeated-measures ANOVA, Greenhouse-Geisser",
            getattr(anova, "n", None),
        )
        if outcome.measure == "madrs"
        else _imaging(outcome, fits)
        for name, outcome in outcomes.items()
    }


def _imaging(outcome: PrimaryOutcome, fits: Mapping[str, NetworkFit]) -> Tested:
    if outcome.measure not in fits:
        return Tested(outcome.label.text, None, "no test")
    fit, (name, meaning) = fits[outcome.measure], TERMS[outcome.term]
    ml, kr = fit.published.get(name), fit.adjusted.get(name)
    return Tested(
        f"{outcome.label.text}: {meaning.split(' (')[0]}",
        getattr(ml, "p", None),
        "mixed model, ML, residual df",
        fit.subjects,
        getattr(kr, "p", None),
    )


def _decided(p: float | None, threshold: float) -> str:
    return "no test" if p is None else "passes" if p < threshold else "does not pass"


def _table(say: Printer, tested: dict[str, Tested], threshold: float, protocol: Protocol) -> Table:
    known = {name: test.p for name, test in tested.items() if test.p is not None}
    stepped = holm(known, float(protocol.analysis.alpha.decimal)) if known else {}
    rows = []
    for name, test in tested.items():
        label, adjusted = test.label, "–" if test.adjusted is None else _decided(test.adjusted, threshold)
        by_holm = "no test" if name not in stepped else "passes" if stepped[name].rejected else "does not pass"
        rows.append(
            (
                cell(label),
                cell(test.test),
                cell(say.number(f"{name}.n", f"{label}, n", test.n)),
                cell(say.p(f"{name}.p", label, test.p)),
                cell(_decided(test.p, threshold)),
                cell(by_holm),
                cell(say.p(f"{name}.kr.p", f"{label}, Kenward-Roger", test.adjusted)),
                cell(adjusted),
            )
        )
    return Table(
        "The primary outcomes",
        "Clinical: per protocol, those with every visit of the ANOVA; imaging: connectivity model",
        ("Outcome", "Test", "n", "p", "Bonferroni", "Holm", "p (KR)", "Bonferroni (KR)"),
        tuple(rows),
        (2.9, 1.9, 0.45, 0.85, 1.15, 1.15, 0.8, 1.15),
        (
            "Bonferroni judges p as the publication does; no p here is corrected for the number of outcomes, that of "
            "MADRS is corrected for sphericity. The coefficient published as the effect of time is the change in "
            "responders only. The last two columns judge the same coefficient by its small-sample p (REML, "
            "Kenward-Roger): a pass that it does not confirm is fragile. "
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


def _told(say: Printer, tested: dict[str, Tested], threshold: float) -> list[Text]:
    """Who does not pass, who has no test, and whose pass the small-sample p does not confirm."""
    failing = [test.label for test in tested.values() if test.p is not None and test.p >= threshold]
    untested = [test.label for test in tested.values() if test.p is None]
    text = f"Do not pass the Bonferroni threshold: {'; '.join(failing) or 'none of those tested'}."
    if untested:
        text += f" Without a test, so neither passed nor failed: {'; '.join(untested)}."
    told: list[Text] = [(f"{text} The publication names only the interaction of the subgenual cingulate.",)]
    fragile = {
        name: test
        for name, test in tested.items()
        if test.p is not None and test.p < threshold and test.adjusted is not None and test.adjusted >= threshold
    }
    if fragile:
        pieces: list[Piece] = ["Fragile, because they pass by the published p but not by the small-sample p: "]
        for name, test in fragile.items():
            number = say.number(f"{name}.fragile", f"{test.label}, Kenward-Roger p", test.adjusted, 5)
            pieces += ["; " if len(pieces) > 1 else "", f"{test.label} (", number, ")"]
        told.append((*(piece for piece in pieces if piece), "."))
    return told
