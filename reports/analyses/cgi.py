"""CGI-I responders (S39 to S41): a co-primary outcome for which the publication gives no test."""

from __future__ import annotations

from reports.analyses.finding import Finding, population
from reports.analyses.response import contract_proportion, counts_by_visit, proportion_cells
from reports.datasets import Datasets
from reports.display.parts import Table
from reports.display.printing import Printer, cell
from trial.protocol import Protocol

ID = "cgi"
PUBLISHED = {"day_6": "S39", "week_2": "S40", "week_8": "S41"}


def run(datasets: Datasets, protocol: Protocol) -> Finding:
    """Proportion much or very much improved, of those rated, with intervals and without a test."""
    say = Printer(ID)
    who = population(datasets, protocol, "per_protocol")
    counts = counts_by_visit(datasets, protocol, who.subjects)["cgi_i"]
    rows = tuple(
        (
            cell(protocol.visits[visit].label),
            *proportion_cells(say, visit, f"CGI-I responders at {protocol.visits[visit].label}", count, of),
            cell("no test"),
        )
        for visit, (count, of) in counts.items()
    )
    categories = " or ".join(str(category) for category in protocol.outcomes.cgi_i_responder.decimals)
    table = Table(
        "CGI-I: much or very much improved",
        who.text(say, "each visit counts those rated"),
        ("Visit", "n/N (%)", "95% CI, Wilson (%)", "95% CI, Clopper-Pearson (%)", "Test"),
        rows,
        (2.6, 1.5, 1.6, 1.9, 0.8),
        (
            f"Responder: category {categories}. The publication names this a primary outcome and reports no test; "
            "without a comparison there is none to make, so it is never said to pass a threshold.",
        ),
    )
    contract = {identity: contract_proportion(*counts[visit]) for visit, identity in PUBLISHED.items()}
    return Finding(ID, "Global improvement (CGI-I)", (table,), contract)
