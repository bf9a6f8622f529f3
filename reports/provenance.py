"""What made a report: versions of the code and of every library that computes or prints a number."""

from __future__ import annotations

import hashlib
import platform
import tomllib
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path

from reports.books import Book
from reports.datasets.extracts import Extracts, Signed
from reports.departure import Departure
from trial import protocol as protocols
from trial.protocol import Protocol

ROOT = Path(__file__).resolve().parent.parent
LIBRARIES = (
    "numpy",
    "pandas",
    "scipy",
    "pingouin",
    "statsmodels",
    "firthmodels",
    "matplotlib",
    "svglib",
    "reportlab",
    "django",
)
SOURCES = (("reports", "*.py"), ("reports", "*.csv"), ("reports", "*.json"), ("trial/protocol", "*.py"))


@dataclass(frozen=True)
class Run:
    """One run of one book; its id follows from what went in, so the same input gives the same bytes."""

    id: str
    book: str
    site: str
    data_cut: datetime
    protocol_version: str
    protocol_sha256: str
    code_version: str
    libraries: dict[str, str]
    input_hash: str
    is_synthetic: bool
    departure: Departure
    freeze: str = ""
    signatures: tuple[Signed, ...] = ()


@cache
def code_version() -> str:
    """The version in pyproject.toml and a digest of the sources that a number can depend on."""
    digest = hashlib.sha256()
    for folder, pattern in SOURCES:
        for path in sorted((ROOT / folder).rglob(pattern)):
            digest.update(path.relative_to(ROOT).as_posix().encode())
            digest.update(path.read_bytes())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return f"{project['version']}+{digest.hexdigest()[:12]}"


@cache
def library_versions() -> dict[str, str]:
    """Python and the libraries by name."""
    return {"python": platform.python_version()} | {name: version(name) for name in LIBRARIES}


def run_of(extracts: Extracts, protocol: Protocol, book: Book, site: str) -> Run:
    """Describe the run of a book on these extracts."""
    content = extracts.sha256()
    cut = extracts.data_cut
    freeze = extracts.freeze.words if extracts.freeze is not None else ""
    parts = (content, cut.isoformat(), code_version(), protocols.sha256(protocol.id), book.id, site)
    seed = "|".join((*parts, *([freeze] if freeze else []), *map(repr, extracts.signatures)))
    return Run(
        id=hashlib.sha256(seed.encode()).hexdigest()[:12],
        book=book.id,
        site=site,
        data_cut=cut,
        protocol_version=protocol.id,
        protocol_sha256=protocols.sha256(protocol.id),
        code_version=code_version(),
        libraries=dict(library_versions()),
        input_hash=content,
        is_synthetic=extracts.is_synthetic,
        departure=_departure(extracts),
        freeze=freeze,
        signatures=extracts.signatures,
    )


def _departure(extracts: Extracts) -> Departure:
    if not extracts.is_synthetic:
        return Departure.NONE
    if not extracts.is_cohort:
        return Departure.OTHER
    return Departure.CHANGED if extracts.is_by_hand else Departure.NONE
