"""From the parts of a finding to flowables: sentences, tables, figures, the flow diagram."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from reportlab.lib.colors import HexColor
from reportlab.lib.units import mm
from reportlab.platypus import CondPageBreak, Flowable, KeepTogether, LongTable, Spacer, TableStyle

from reports.display.parts import Figure, Flow, Part, Table, Words
from reports.pdf import pictures
from reports.pdf.pages import WIDTH, heading
from reports.pdf.text import REGULAR, paragraph

RULE, THIN, STRIPE = HexColor("#33414e"), HexColor("#c9d1d8"), HexColor("#f7f9fa")
SHORT, FIRST_ROWS = 18, 45 * mm


def flowables(parts: Iterable[Part], title: str = "") -> list[Flowable]:
    """Everything the parts print, in order, under a heading that stays with the first table or picture."""
    above: list[Flowable] = [heading(title)] if title else []
    story: list[Flowable] = []
    for place, part in enumerate(parts):
        content, is_whole = _part(part)
        if title and not place and isinstance(part, tuple):
            above += content  # a first sentence alone under its heading would be left behind by what it leads to
            continue
        story += [KeepTogether([*above, *content])] if is_whole else _begun([*above, *content])
        above = []
    return story + above


def _begun(content: list[Flowable]) -> list[Flowable]:
    """A long part, begun where there is room for its head and some rows, and continued on the next page."""
    for flowable in content:
        flowable.keepWithNext = 0
    return [CondPageBreak(FIRST_ROWS), *content] if len(content) > 1 else content


def _part(part: Part) -> tuple[list[Flowable], bool]:
    """The flowables of a part, and whether they must stand on one page."""
    if isinstance(part, Table):
        return _table(part), len(part.rows) <= SHORT
    if isinstance(part, Figure):
        return _figure(part), True
    if isinstance(part, Flow):
        drawn = [Spacer(0, 3), pictures.flow(part, WIDTH), Spacer(0, 8)]
        return [*_titles(part.title, part.population), *drawn], True
    return [paragraph(part)], False


def _titles(title: Words, population: Words) -> list[Flowable]:
    pieces = (population,) if isinstance(population, str) else population
    shown = ("Population: ", *pieces) if population else ""
    return [paragraph(text, style) for text, style in ((title, "caption"), (shown, "population")) if text]


def _table(part: Table) -> list[Flowable]:
    """Title, population, rows under a repeated head, notes."""
    notes = (paragraph(note, "note") for note in part.notes)
    return [*_titles(part.title, part.population), _grid(part), *notes, Spacer(0, 6)]


def _grid(part: Table, *, is_centred: bool = False) -> LongTable:
    share = WIDTH / sum(part.widths)
    head, body = ("head_centred", "cell_centred") if is_centred else ("head", "cell")
    rows = [[paragraph(title, head) for title in part.head]]
    rows += [[paragraph(cell, "cell" if place == 0 else body) for place, cell in enumerate(row)] for row in part.rows]
    style: list[Any] = [
        ("FONTNAME", (0, 0), (-1, -1), REGULAR),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), 3),
        ("RIGHTPADDING", (0, 0), (-1, -1), 3),
        ("TOPPADDING", (0, 0), (-1, -1), 2),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 2.4),
        ("LINEABOVE", (0, 0), (-1, 0), 0.9, RULE),
        ("LINEBELOW", (0, 0), (-1, 0), 0.6, RULE),
        ("LINEBELOW", (0, 1), (-1, -2), 0.25, THIN),
        ("LINEBELOW", (0, -1), (-1, -1), 0.9, RULE),
        ("ROWBACKGROUNDS", (0, 1), (-1, -1), [None, STRIPE]),
    ]
    widths = [width * share for width in part.widths]
    return LongTable(rows, colWidths=widths, repeatRows=1, style=TableStyle(style))


def _figure(part: Figure) -> list[Flowable]:
    content: list[Flowable] = [*_titles(part.title, part.population), pictures.figure(part, WIDTH)]
    if part.below is not None:
        content.append(_grid(part.below, is_centred=True))
    return [*content, paragraph(part.caption, "note"), Spacer(0, 6)]
