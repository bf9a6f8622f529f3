"""From extracts to files: data sets, findings, PDF, page and results.json. Worker side only; writes nothing.

An analysis that fails is caught alone: it is named on the first page, in its place and in results.json, and the
report is not publishable.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from reportlab.platypus import Flowable, Spacer

from reports import analyses, chapters, signatures
from reports.analyses.finding import Finding
from reports.books import Book
from reports.chapters import Failure
from reports.composition import Composition, verdict_of
from reports.contract import Compared, compare
from reports.datasets import Datasets, build
from reports.datasets.extracts import Extracts
from reports.html.fragment import Fragment, fragment
from reports.pdf.pages import Surroundings, render
from reports.pdf.story import flowables
from reports.pdf.text import paragraph
from reports.provenance import Run, run_of
from reports.results import publishable, results
from trial.protocol import Protocol

log = logging.getLogger(__name__)
Progress = Callable[[int, str], None]


@dataclass(frozen=True)
class Assembled:
    """The files of a report and what must be known of them."""

    run: Run
    pdf: bytes
    results: bytes
    page: Fragment
    compared: tuple[Compared, ...]
    failures: tuple[Failure, ...]

    @property
    def is_publishable(self) -> bool:
        """True when every analysis came to its end and, on synthetic data, no published value is missed."""
        return publishable(self.run, self.compared, self.failures)

    @property
    def disagreements(self) -> tuple[str, ...]:
        """Ids of the published quantities that the data do not give."""
        return tuple(row.entry.id for row in self.compared if row.match == "no")


def assemble(
    extracts: Extracts,
    protocol: Protocol,
    book: Book,
    *,
    site: str,
    progress: Progress = lambda percent, message: None,
) -> Assembled:
    """Make a book of these extracts; *progress* is told percent (0-99) and what is being done."""
    run = run_of(extracts, protocol, book, site)
    progress(10, "deriving the data sets")
    datasets = build(extracts, protocol)
    sections, failures = _analyse(datasets, protocol, book, progress)
    progress(80, "comparing with the publication")
    computed = {identity: row for finding in sections for identity, row in finding.contract.items()}
    compared = compare(computed, protocol, is_synthetic=run.is_synthetic)
    sections = tuple(section.quoted() for section in sections)
    front = chapters.front(book, run, datasets, protocol, compared).quoted()
    back = (
        chapters.comparison(compared).quoted(),
        chapters.definitions(protocol).quoted(),
        signatures.chapter(run).quoted(),
        chapters.provenance(run),
    )
    progress(85, "laying out the pages")
    report = Composition(
        title=f"{book.title} – {run.site}",
        header=f"{protocol.trial.registration.text}  |  data cut {run.data_cut:%Y-%m-%d %H:%M} UTC  |  run {run.id}",
        is_synthetic=run.is_synthetic,
        verdict=verdict_of(failures, compared, run),
        front=front,
        sections=(*sections, *back),
    )
    pdf, pages = render(Surroundings(report.title, report.header, report.is_synthetic), lambda: _story(report))
    progress(93, "writing the page")
    page = fragment(report)
    progress(95, "writing the results")
    content = results(run, compared, (front, *report.sections), pages, failures)
    return Assembled(run, pdf, content, page, compared, failures)


def _analyse(
    datasets: Datasets, protocol: Protocol, book: Book, progress: Progress
) -> tuple[tuple[Finding, ...], tuple[Failure, ...]]:
    """Run every analysis of the book; one that fails leaves a section that says so."""
    findings, failures = [], []
    for place, name in enumerate(book.analyses):
        progress(15 + 65 * place // len(book.analyses), f"analysing: {name.replace('_', ' ')}")
        try:
            findings.append(analyses.ANALYSES[name](datasets, protocol))
        except Exception as fault:  # whatever it is, it must be named and must not hide the other sections
            log.exception("analysis %s failed", name)
            error = f"{type(fault).__name__}: {fault}"
            failures.append(Failure(name, error[:500]))
            told = f"This analysis failed, so this section has no results. {error}"
            findings.append(Finding(name, f"{name.replace('_', ' ').capitalize()}: FAILED", ((told,),)))
    return tuple(findings), tuple(failures)


def _story(report: Composition) -> list[Flowable]:
    front, verdict = report.front, report.verdict
    story: list[Flowable] = [
        paragraph(front.title, "title"),
        *flowables(front.parts[:1]),
        paragraph(verdict.text, verdict.tone),
        *(paragraph(note, "note") for note in verdict.notes),
        Spacer(0, 6),
        *flowables(front.parts[1:]),
    ]
    for finding in report.sections:
        story += flowables(finding.parts, finding.title)
    return story
