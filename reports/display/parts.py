"""The parts of a page. Every number keeps its full value beside its printed text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Number:
    """A number as printed: `text` stands in the PDF, `value` at full precision in results.json."""

    id: str
    label: str
    value: float | int | None
    text: str


Piece = str | Number
Text = tuple[Piece, ...]
Words = str | Text


@dataclass(frozen=True)
class Table:
    """Rows of cells under a head; `population` says who is counted, `notes` what the reader must know."""

    title: Words
    population: Words
    head: tuple[Words, ...]
    rows: tuple[tuple[Text, ...], ...]
    widths: tuple[float, ...]
    notes: tuple[Words, ...] = ()

    def __post_init__(self) -> None:
        for row in (self.widths, *self.rows):
            if len(row) != len(self.head):
                raise ValueError(f"Table '{plain(self.title)}' has {len(self.head)} columns; a row has {len(row)}.")


@dataclass(frozen=True)
class Figure:
    """A picture (SVG), its legend, the rows of numbers below its x axis, and what it shows for who cannot see it."""

    title: Words
    population: Words
    svg: bytes
    caption: Text
    alternative: str
    below: Table | None = None


@dataclass(frozen=True)
class Box:
    """A box of the flow diagram, at a row; side boxes are who left there."""

    row: int
    lines: tuple[Text, ...]
    is_side: bool = False


@dataclass(frozen=True)
class Flow:
    """The flow of participants, drawn from top to bottom."""

    title: Words
    population: Words
    boxes: tuple[Box, ...]


Part = Text | Table | Figure | Flow


def numbers(part: Part) -> Iterator[Number]:
    """Every number of a part, in reading order."""
    if isinstance(part, Table | Figure | Flow):
        yield from _within(part.title)
        yield from _within(part.population)
    if isinstance(part, Table):
        for words in (*part.head, *(cell for row in part.rows for cell in row), *part.notes):
            yield from _within(words)
    elif isinstance(part, Figure):
        yield from numbers(part.caption)
        if part.below is not None:
            yield from numbers(part.below)
    elif isinstance(part, Flow):
        for box in part.boxes:
            for line in box.lines:
                yield from numbers(line)
    else:
        yield from _within(part)


def _within(words: Words) -> Iterator[Number]:
    if not isinstance(words, str):
        yield from (piece for piece in words if isinstance(piece, Number))


def plain(text: Words) -> str:
    """The text as it is read."""
    return text if isinstance(text, str) else "".join(piece if isinstance(piece, str) else piece.text for piece in text)
