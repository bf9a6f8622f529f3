"""From the parts of a finding to flowables: sentences, tables, figures, the flow diagram."""

from __future__ import annotations

from collections.abc import Iterable

from reportlab.lib.colors import HexColor
from reportlab.platypus import Flowable, KeepTogether, LongTable, Spacer, TableStyle

from reports.display.parts import Figure, Flow, Part, Table
from reports.pdf import pictures
from reports.pdf.pages import WIDTH
from reports.pdf.text import REGULAR, paragraph

RULE, THIN, STRIPE = HexColor("#33414e"), HexColor("#c9d1d8"), HexColor("#f7f9fa")
SHORT = 14


def flowables(parts: Iterable[Part]) -> list[Flowable]:
    """Everything the parts print, in order."""
    return [flowable for part in parts for flowable in _part(part)]


def _part(part: Part) -> list[Flowable]:
    if isinstance(part, Table):
        return table(part)
    if isinstance(part, Figure):
        return [KeepTogether(_figure(part))]
    if isinstance(part, Flow):
        return [KeepTogether([*_titles(part.title, part.population), Spacer(0, 3), pictures.flow(part, WIDTH), Spacer(0, 8)])]
    return [paragraph(part)]


def _titles(title: str, population: str) -> list[Flowable]:
    shown = f"Population: {population}" if population else ""
    return [paragraph(text, style) for text, style in ((title, "caption"), (shown, "population")) if text]


def table(part: Table) -> list[Flowable]:
    """Title, population, rows under a repeated head, notes; a short table is never torn apart."""
    content = [*_titles(part.title, part.population), _grid(part), *(paragraph(note, "note") for note in part.notes)]
    content.append(Spacer(0, 6))
    return [KeepTogether(content)] if len(part.rows) <= SHORT else content


def _grid(part: Table) -> LongTable:
    share = WIDTH / sum(part.widths)
    rows = [[paragraph(title, "head") for title in part.head]]
    rows += [[paragraph(cell, "cell") for cell in row] for row in part.rows]
    style = [
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
        content.append(_grid(part.below))
    return [*content, paragraph(part.caption, "note"), Spacer(0, 6)]
