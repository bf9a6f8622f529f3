"""Books: a report is an ordered list of analyses, a population and an audience."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Book:
    """One report that can be ordered."""

    id: str
    title: str
    population: str
    audience: str
    purpose: str
    analyses: tuple[str, ...]


BOOKS: dict[str, Book] = {
    book.id: book
    for book in (
        Book(
            id="per-protocol",
            title="Per-protocol report",
            population="per_protocol",
            audience="Principal investigator and statistician",
            purpose=(
                "Every statistic of the publication, recomputed from the data of the site and set beside what is "
                "printed, on the populations the publication uses; then what the result owes to those left out."
            ),
            analyses=(
                "flow",
                "baseline",
                "madrs_course",
                "response",
                "cgi",
                "multiplicity",
                "psychotomimetic",
                "blood_pressure",
                "side_effects",
                "serum",
                "connectivity",
                "volumes",
                "sensitivity",
                "exclusions",
            ),
        ),
    )
}
