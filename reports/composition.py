"""A report before it is laid out: what paper and page both show, in reading order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from reports.analyses.finding import Finding
from reports.chapters import Failure
from reports.contract import Compared
from reports.provenance import Run
from reports.results import publishable

SYNTHETIC = "SYNTHETIC DEMO DATA"


class Tone(StrEnum):
    """How a verdict is set: approving, plain, or as an alarm."""

    GOOD = "good"
    PLAIN = "plain"
    BAD = "bad"


@dataclass(frozen=True)
class Verdict:
    """What the run is worth, in one sentence, and what must be known of it."""

    tone: Tone
    text: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Composition:
    """Title, header of every page, verdict, first page and sections."""

    title: str
    header: str
    is_synthetic: bool
    verdict: Verdict
    front: Finding
    sections: tuple[Finding, ...]


def verdict_of(failures: Sequence[Failure], compared: Sequence[Compared], run: Run) -> Verdict:
    """What the run is worth: on real data the word is about failed analyses alone."""
    if failures:
        names = ", ".join(failure.analysis.replace("_", " ") for failure in failures)
        notes = (f"{failure.analysis.replace('_', ' ')}: {failure.error}" for failure in failures)
        return Verdict(Tone.BAD, f"NOT PUBLISHABLE. Failed: {names}.", tuple(notes))
    if publishable(run, compared, failures):
        if run.is_synthetic:
            return Verdict(Tone.PLAIN, "Complete: every analysis ran. Synthetic demo data: no participant is real.")
        return Verdict(Tone.GOOD, "No analysis failed. Whether the values agree with the publication stands below.")
    if run.departure:
        told = f"Complete: every analysis ran. {run.departure.words} Which ones differ stands below."
        return Verdict(Tone.PLAIN, f"{told} No participant is real.")
    ids = ", ".join(row.entry.id for row in compared if row.match == "no")
    return Verdict(Tone.BAD, f"NOT PUBLISHABLE. Synthetic data must give every published value; these do not: {ids}.")
