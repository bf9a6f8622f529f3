"""Numbers that stand in words: protocol values, what the publication prints, sizes named in a definition.

Every number on a page must be found in results.json. What an analysis computes it makes with its Printer; what is
only written in a sentence, title, head or note is picked out here. Names that hold digits are not numbers: dates,
clock times, study ids and ids of quantities, days and weeks of the schedule, tables and figures, and "95% CI".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from itertools import count

from reports.display.parts import Box, Figure, Flow, Number, Part, Piece, Table, Text, Words, plain

LONGEST, CONTEXT = 1500, 120
NAMES = re.compile(
    r"""\d{4}-\d{2}-\d{2}(?:\s\d{2}:\d{2}(?::\d{2})?)?   # a date, with or without its time
    |\d{2}:\d{2}                                        # a clock time
    |(?:day|week)s?\s\d+(?:\s(?:to|and|or)\s\d+)?       # a day or week of the schedule
    |(?:table|figure|fig\.)\sS?\d+                      # a table or figure
    |95%\sCI
    |[^\W\d_][\w-]*\d[\w-]*                             # an id or a name: S01, STL-0001-6, Pre1, ketamine_96h_v1
    """,
    re.VERBOSE | re.IGNORECASE,
)
NUMBER = re.compile(r"(?<![\w.])[−-]?\d+(?:\.\d+)?%?")
Quote = Callable[[Words], Text]


def quoted(part: Part, analysis: str, places: count[int]) -> Part:
    """The part with every number of its words as a Number `<analysis>.quoted_<place>`; computed ones stay."""

    def quote(words: Words) -> Text:
        pieces = (words,) if isinstance(words, str) else words
        context = plain(words)[:CONTEXT].strip()
        return tuple(new for piece in pieces for new in _pieces(piece, analysis, places, f"In words: {context}"))

    if isinstance(part, Table):
        return _table(part, quote)
    if isinstance(part, Figure):
        below = None if part.below is None else _table(part.below, quote)
        caption = quote(part.caption)
        return replace(part, title=quote(part.title), population=quote(part.population), caption=caption, below=below)
    if isinstance(part, Flow):
        boxes = tuple(Box(box.row, tuple(quote(line) for line in box.lines), box.is_side) for box in part.boxes)
        return replace(part, title=quote(part.title), population=quote(part.population), boxes=boxes)
    return quote(part)


def _table(table: Table, quote: Quote) -> Table:
    return replace(
        table,
        title=quote(table.title),
        population=quote(table.population),
        head=tuple(quote(words) for words in table.head),
        rows=tuple(tuple(quote(cell) for cell in row) for row in table.rows),
        notes=tuple(quote(note) for note in table.notes),
    )


def _pieces(piece: Piece, analysis: str, places: count[int], label: str) -> list[Piece]:
    """The words between the numbers, and the numbers; a text of unbounded length is left whole, to be cut later."""
    if isinstance(piece, Number) or len(piece) > LONGEST:
        return [piece]
    names = [match.span() for match in NAMES.finditer(piece)]
    found, end = list[Piece](), 0
    for match in NUMBER.finditer(piece):
        start, stop = match.span()
        if any(first < stop and start < last for first, last in names):
            continue
        value = float(match.group().replace("−", "-").rstrip("%"))
        found += [piece[end:start], Number(f"{analysis}.quoted_{next(places)}", label, value, match.group())]
        end = stop
    return [part for part in (*found, piece[end:]) if part]
