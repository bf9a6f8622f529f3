"""The parts of a report that are not analyses: first page, comparison with the publication, definitions, provenance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from reports.analyses.connectivity import model_rows
from reports.analyses.finding import Finding, population
from reports.books import Book
from reports.contract import Check, Compared, words
from reports.datasets import Datasets
from reports.display.parts import Part, Piece, Table, Text
from reports.display.printing import Printer, cell, sentence
from reports.provenance import Run
from reports.stats.paired import DEFINITIONS
from trial.protocol import Protocol

FEW = 4
DRAFT = "DRAFT: the data are not frozen and can still change."
MATCH_ORDER = ("yes", "no", "constructed", "both readings", "not anchorable", "not computed")
MEANINGS = {
    "yes": "the computed value agrees with what is printed",
    "no": "it does not agree; see why",
    "constructed": "it agrees, because the synthetic data were built so",
    "both readings": "the publication contradicts itself; both are shown",
    "not anchorable": "the publication prints no number",
    "not computed": "needs connectivity at full resolution, which another report reads",
}


class Failure(NamedTuple):
    """An analysis that did not come to an end."""

    analysis: str
    error: str


def front(book: Book, run: Run, datasets: Datasets, protocol: Protocol, compared: Sequence[Compared]) -> Finding:
    """What this is, who is counted, and how it compares, for the first page."""
    say = Printer("front")
    rows = tuple(
        (
            cell(entry.label),
            cell(say.number(f"population.{name}", f"Population: {entry.label}", n)),
            cell(entry.definition.text),
        )
        for name, n in _sizes(datasets, protocol).items()
        for entry in (protocol.analysis.populations[name],)
    )
    table = Table("Populations", "", ("Population", "n", "Who"), rows, (1.6, 0.5, 6))
    parts: tuple[Part, ...] = (
        (protocol.trial.title.text,),
        (run.freeze or DRAFT,),
        (book.purpose,),
        (
            f"Audience: {book.audience}. Site: {run.site}. Data cut: {run.data_cut:%Y-%m-%d %H:%M} UTC. Protocol: "
            f"{run.protocol_version}, of whose values ",
            say.number("proposed", "Proposed values of the protocol", len(protocol.proposed())),
            " are proposed and not in the publication.",
        ),
        table,
        _summary(say, compared),
        *_disagreements(compared),
        *_refused(say, datasets),
        *([("On synthetic data every agreement checks the code only; it is no finding.",)] if run.is_synthetic else []),
        (
            "This is a trial of one arm without a control group: no test in this report is evidence of an effect of "
            "the drug.",
        ),
    )
    return Finding("front", book.title, parts)


def _sizes(datasets: Datasets, protocol: Protocol) -> dict[str, int]:
    sizes = {
        name: population(datasets, protocol, name).n for name in ("consented", "started", "completed", "per_protocol")
    }
    models = [model_rows(datasets, protocol, network)["USUBJID"].nunique() for network in protocol.imaging.networks]
    adsl = datasets.adsl
    controls = int(((adsl["COHORT"] == "control") & adsl["SCANFL"]).sum())
    return sizes | {"connectivity_model": max(models, default=0), "controls": controls}


def _disagreements(compared: Sequence[Compared]) -> tuple[Text, ...]:
    """The ids that do not agree, by name, or nothing."""
    ids = ", ".join(row.entry.id for row in compared if row.match == "no")
    return ((f"Not as published: {ids}.",),) if ids else ()


def _refused(say: Printer, datasets: Datasets) -> tuple[Text, ...]:
    """How many refused the use of their data, or nothing."""
    if datasets.refusals.empty:
        return ()
    n = say.number("refused", "Use of data refused, participants", len(datasets.refusals))
    return (
        (
            "Left out of every number, because they refused the use of their data: ",
            n,
            ". See the section on ",
            "data left out.",
        ),
    )


def _summary(say: Printer, compared: Sequence[Compared]) -> Table:
    counts = Counter(row.match for row in compared)
    rows = tuple(
        (
            cell(match),
            cell(say.number(f"match.{place}", f"Published quantities: {match}", counts[match])),
            cell(MEANINGS[match]),
        )
        for place, match in enumerate(MATCH_ORDER)
    )
    total = say.number("match.total", "Published quantities", len(compared))
    return Table(("The ", total, " published quantities"), "", ("Match", "n", "Meaning"), rows, (2.2, 0.5, 5.4))


def comparison(compared: Sequence[Compared]) -> Finding:
    """Every published quantity with what is printed, what is computed, and whether they agree."""
    say = Printer("comparison")
    rows = tuple(
        (
            cell(row.entry.id),
            cell(row.entry.what),
            cell(row.entry.published),
            _computed(say, row),
            cell(row.match),
            cell(row.why),
        )
        for row in compared
    )
    table = Table(
        "Published and computed, by id",
        "As in the section of each quantity",
        ("Id", "Quantity", "Published", "Computed", "Match", "Why"),
        rows,
        (0.6, 2, 1.7, 2.4, 1.2, 2.7),
        (
            "Compared are the printed digits, rounded half away from zero. results.json holds every computed value "
            "in full.",
        ),
    )
    return Finding("comparison", "Comparison with the publication", (table,))


def _computed(say: Printer, row: Compared) -> Text:
    """The values that decide the match; without any, all of them when they are few."""
    if all(value is None for value in row.computed.values()):
        return cell("–")
    places = {key: check for check in row.entry.checks for key in _named(check, row.computed)}
    shown = [key for key in row.computed if key in places] or list(row.computed)
    if len(shown) > FEW and not places:
        return cell("see its section")
    pieces: list[Piece] = []
    for key in shown:
        pieces += [
            "; " if pieces else "",
            f"{words(key)} ",
            *_value(say, f"{row.entry.id}.{key}", row, key, places.get(key)),
        ]
    return tuple(piece for piece in pieces if piece)


def _named(check: Check, computed: Mapping[str, object]) -> list[str]:
    if check.key.startswith("*"):
        return [key for key in computed if key.endswith(check.key[1:])]
    return [check.key, *([check.target] if check.target in computed else [])]


def _value(say: Printer, name: str, row: Compared, key: str, check: Check | None) -> tuple[Piece, ...]:
    value, label = row.computed[key], f"{row.entry.what}, {key}"
    if isinstance(value, list):
        return (", ".join(str(member).replace("_", " ") for member in value) or "none",)
    number = value if isinstance(value, int | float) else None
    if key.split(".")[-1] == "p" and not (check and check.operator == "~"):
        return (say.p(name, label, number),)
    if isinstance(number, int):
        return (say.number(name, label, number),)
    return (say.number(name, label, number, check.places if check and check.operator in "=~" else 2),)


def definitions(protocol: Protocol) -> Finding:
    """Every definition a reader needs, with its source; proposed ones say so."""
    out = protocol.outcomes
    values = (
        (
            "Response",
            out.response_fall_at_least,
            f"Fall of MADRS from baseline of at least {out.response_fall_at_least.text}%",
        ),
        ("Remission", out.remission_below, f"MADRS below {out.remission_below.text}"),
        ("CGI-I responder", out.cgi_i_responder, f"CGI-I category {out.cgi_i_responder.text}"),
        ("Baseline", protocol.baseline.definition, protocol.baseline.definition.text),
        (
            "Target rate",
            protocol.titration.target,
            f"{protocol.titration.target.text} {protocol.titration.target.unit}",
        ),
        (
            "Per protocol",
            protocol.analysis.populations["per_protocol"].definition,
            protocol.analysis.populations["per_protocol"].definition.text,
        ),
    )
    rows = tuple((cell(name), cell(text), cell(value.status), cell(value.source)) for name, value, text in values)
    effects = tuple((cell(name), cell(text), cell(""), cell("")) for name, text in DEFINITIONS.items())
    rules = (
        ("Change", "The visit minus the baseline: a negative change of MADRS is improvement."),
        (
            "Use of data",
            "Whoever's latest permission to use data is refused is left out of every data set and named under data "
            "left out. Withdrawing from treatment or from follow-up leaves the data given until then in use.",
        ),
        ("Denominators", "Those observed at the visit, within the population that the table names."),
        (
            "Rounding",
            "Half away from zero, for print only; computation and results.json keep full precision.",
        ),
        (
            "p values",
            "Two-sided and uncorrected unless a column says otherwise; below 0.001 printed as < 0.001.",
        ),
    )
    conventions = tuple((cell(name), cell(text), cell(""), cell("")) for name, text in rules)
    table = Table(
        "Definitions",
        "",
        ("Term", "Definition", "Status", "Source"),
        rows + effects + conventions,
        (1.4, 4.6, 1, 2.6),
    )
    return Finding("definitions", "Definitions", (table,))


def provenance(run: Run) -> Finding:
    """What went in and what computed it."""
    facts = {
        "Run": run.id,
        "Site": run.site,
        "Data cut": f"{run.data_cut:%Y-%m-%d %H:%M:%S} UTC",
        "SHA-256 of the data": run.input_hash,
        "Protocol": run.protocol_version,
        "SHA-256 of the protocol": run.protocol_sha256,
        "Code": run.code_version,
        **run.libraries,
    }
    rows = tuple((cell(name), cell(text)) for name, text in facts.items())
    table = Table("What went in, and what computed it", "", ("Item", "Value"), rows, (1.6, 5))
    told = sentence("The same data at the same cut with the same code give this file again, byte for byte.")
    return Finding("provenance", "Provenance", (table, told))
