"""The only way text comes onto a page: escaped, capped, in an embedded font. Nothing in it is ever markup.

reportlab reads paragraphs as markup that can open files and links, so no other module may make one.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import matplotlib as mpl
from reportlab.lib.colors import Color, HexColor
from reportlab.lib.enums import TA_CENTER
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import Paragraph

from reports.display.cleaning import clean
from reports.display.parts import Number, Text

REGULAR, BOLD, OBLIQUE = "DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique"
INK, QUIET = HexColor("#1a1a1a"), HexColor("#55606b")
_NUMBER_ID = re.compile(r"[\w.\-]+")


@cache
def register_fonts() -> None:
    """Make the fonts known that matplotlib ships; every one is embedded."""
    folder = Path(mpl.get_data_path()) / "fonts" / "ttf"
    for name in (REGULAR, BOLD, OBLIQUE):
        pdfmetrics.registerFont(TTFont(name, str(folder / f"{name}.ttf")))
    pdfmetrics.registerFontFamily(REGULAR, normal=REGULAR, bold=BOLD, italic=OBLIQUE, boldItalic=BOLD)


def _style(name: str, size: float, *, font: str = REGULAR, color: Color = INK, **more: Any) -> ParagraphStyle:
    return ParagraphStyle(
        name,
        fontName=font,
        bulletFontName=font,
        fontSize=size,
        leading=size * 1.32,
        textColor=color,
        splitLongWords=1,
        **more,
    )


STYLES: dict[str, ParagraphStyle] = {
    "title": _style("title", 19, font=BOLD, spaceAfter=4),
    "heading": _style("heading", 13, font=BOLD, spaceBefore=14, spaceAfter=5, keepWithNext=1),
    "caption": _style("caption", 9.2, font=BOLD, spaceBefore=9, spaceAfter=1, keepWithNext=1),
    "population": _style("population", 8, font=OBLIQUE, color=QUIET, spaceAfter=3, keepWithNext=1),
    "body": _style("body", 9, spaceAfter=5),
    "note": _style("note", 7.4, color=QUIET, spaceBefore=2, spaceAfter=1),
    "cell": _style("cell", 7.8),
    "head": _style("head", 7.8, font=BOLD),
    "cell_centred": _style("cell_centred", 7.8, alignment=TA_CENTER),
    "head_centred": _style("head_centred", 7.8, font=BOLD, alignment=TA_CENTER),
    "good": _style("good", 11, font=BOLD, color=HexColor("#1e6b3a")),
    "plain": _style("plain", 11, font=BOLD),
    "bad": _style("bad", 11, font=BOLD, color=HexColor("#a61b1b")),
}


def paragraph(text: Text | str, style: str = "body") -> Paragraph:
    """A paragraph that prints the text literally; each of its numbers notes the page it is drawn on."""
    register_fonts()
    pieces = (text,) if isinstance(text, str) else text
    return Paragraph("".join(_markup(piece) for piece in pieces), STYLES[style])


def _markup(piece: str | Number) -> str:
    if isinstance(piece, str):
        return escape(clean(piece), {'"': "&quot;", "'": "&#39;"})
    if not _NUMBER_ID.fullmatch(piece.id):
        raise ValueError(f"'{piece.id}' is no id of a number; use letters, digits, dots, dashes and underscores.")
    return f'<onDraw name="note_number" label="{piece.id}"/>{escape(clean(piece.text))}'
