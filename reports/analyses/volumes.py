"""Volumes before the infusion and change in MADRS (S72, S73)."""

from __future__ import annotations

from reports.analyses.finding import Finding, attempt, course, population, scores, values
from reports.analyses.psychotomimetic import CORRELATION_HEAD, CORRELATION_WIDTHS, correlation_row
from reports.datasets import Datasets
from reports.datasets.baseline import BASELINE
from reports.display.parts import Table
from reports.display.printing import Printer, rounded
from reports.stats.correlation import pearson
from trial.protocol import Protocol

ID = "volumes"
PUBLISHED_STRUCTURE = "right_hippocampus"


def run(datasets: Datasets, protocol: Protocol) -> Finding:
    """Correlate each structure's volume, relative to the intracranial volume, with the change at the response visit."""
    say = Printer(ID)
    who = population(datasets, protocol, "per_protocol")
    madrs = course(datasets, "MADRS", who.subjects)
    visit = protocol.outcomes.response_visit.codes[0]
    change = scores(madrs, visit) - scores(madrs, BASELINE)
    ratios = datasets.admo.pivot(index="USUBJID", columns="PARAMCD", values="RATIO").reindex(who.subjects)
    linked = {name: attempt(pearson, scores(ratios, name), change) for name in protocol.imaging.structures}
    label = protocol.visits[visit].label.lower()
    rows = tuple(
        correlation_row(say, name, f"{protocol.imaging.structures[name].label.text} and change at {label}", found)
        for name, (found, _) in linked.items()
    )
    refusals = tuple(
        f"{protocol.imaging.structures[name].label.text}: {why}" for name, (_, why) in linked.items() if why
    )
    alpha = protocol.analysis.alpha
    table = Table(
        "Volume relative to intracranial volume, and change in MADRS",
        who.text(say, "pairs with a volume before the infusion and a score"),
        CORRELATION_HEAD,
        rows,
        CORRELATION_WIDTHS,
        (
            "Pearson's r; change is the visit minus baseline, so a positive r means that a smaller volume went with "
            f"more improvement. {len(linked)} exploratory tests, uncorrected: {alpha.text} shared over them would be "
            f"{rounded(float(alpha.decimal) / len(linked), 4)}.",
            *refusals,
        ),
    )
    contract = {
        "S72": values(linked[PUBLISHED_STRUCTURE][0], "n estimate p ci_low ci_high"),
        "S73": {
            f"{name}.{key}": value
            for name, (found, _) in linked.items()
            if name != PUBLISHED_STRUCTURE
            for key, value in values(found, "estimate p").items()
        },
    }
    return Finding(ID, "Limbic volumes", (table,), contract)
