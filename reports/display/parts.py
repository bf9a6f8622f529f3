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


@dataclass(frozen=True)
class Table:
    """Rows of cells under a head; `population` says who is counted, `notes` what the reader must know."""

    title: str
    population: str
    head: tuple[str, ...]
    rows: tuple[tuple[Text, ...], ...]
    widths: tuple[float, ...]
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for row in (self.widths, *self.rows):
            if len(row) != len(self.head):
                raise ValueError(f"Table '{self.title}' has {len(self.head)} columns; a row has {len(row)}.")


@dataclass(frozen=True)
class Figure:
    """A picture (SVG), what it shows in words, and the rows of numbers that stand below its x axis."""

    title: str
    population: str
    svg: bytes
    caption: Text
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

    title: str
    population: str
    boxes: tuple[Box, ...]


Part = Text | Table | Figure | Flow


def numbers(part: Part) -> Iterator[Number]:
    """Every number of a part, in reading order."""
    if isinstance(part, Table):
        for row in part.rows:
            for cell in row:
                yield from numbers(cell)
    elif isinstance(part, Figure):
        yield from numbers(part.caption)
        if part.below is not None:
            yield from numbers(part.below)
    elif isinstance(part, Flow):
        for box in part.boxes:
            for line in box.lines:
                yield from numbers(line)
    else:
        yield from (piece for piece in part if isinstance(piece, Number))


def plain(text: Text) -> str:
    """The text as it is read."""
    return "".join(piece if isinstance(piece, str) else piece.text for piece in text)
