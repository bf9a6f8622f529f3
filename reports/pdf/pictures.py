"""Pictures: the flow of participants drawn from boxes, and figures from SVG."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from typing import Any

from reportlab.graphics import renderPDF
from reportlab.graphics.shapes import Drawing, Line, Polygon, Rect, String
from reportlab.lib.colors import HexColor
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.platypus import Flowable
from svglib.svglib import svg2rlg

from reports.display.cleaning import clean
from reports.display.parts import Box, Figure, Flow, Number, plain
from reports.pdf.text import REGULAR, register_fonts

LINE, LEADING, PADDING, GAP, SIDE_GAP = 8.2, 11.0, 4.6, 10.0, 6.0
INK, FILL = HexColor("#33414e"), HexColor("#f3f6f8")


class Picture(Flowable):
    """A drawing that notes the page its numbers are drawn on."""

    def __init__(self, drawing: Drawing, numbers: Iterable[Number] = ()) -> None:
        super().__init__()
        self.drawing, self.numbers = drawing, tuple(numbers)
        self.width, self.height = drawing.width, drawing.height

    def wrap(self, *_: float) -> tuple[float, float]:
        return self.width, self.height

    def draw(self) -> None:
        canvas: Any = self.canv
        for number in self.numbers:
            canvas.note_number("figure", number.id)
        renderPDF.draw(self.drawing, canvas, 0, 0)


def figure(picture: Figure, width: float) -> Picture:
    """The SVG of a figure at the width of the page."""
    register_fonts()
    drawing: Any = svg2rlg(io.BytesIO(picture.svg))
    drawing.initialFontName = REGULAR
    scale = width / drawing.width
    drawing.scale(scale, scale)
    drawing.width, drawing.height = width, drawing.height * scale
    return Picture(drawing)


def _height(box: Box) -> float:
    return 2 * PADDING + LEADING * len(box.lines) - (LEADING - LINE)


def flow(diagram: Flow, width: float) -> Picture:
    """Main boxes under each other on the left, who left beside the arrow down from their box."""
    register_fonts()
    levels = [
        (
            [b for b in diagram.boxes if b.row == row and not b.is_side],
            [b for b in diagram.boxes if b.row == row and b.is_side],
        )
        for row in sorted({box.row for box in diagram.boxes})
    ]
    heights = [max(_height(box) for box in main) for main, _ in levels]
    gaps = _gaps(heights, [max((_height(box) for box in sides), default=0) for _, sides in levels])
    total = sum(heights) + sum(gaps) + 4
    drawing = Drawing(width, total, initialFontName=REGULAR)
    main_width = width * 0.48
    centre, top = main_width / 2 + width * 0.02, total - 2
    for place, (main, sides) in enumerate(levels):
        _box(drawing, main[0], centre - main_width / 2, top, main_width, heights[place])
        bottom = top - heights[place]
        if place < len(levels) - 1:
            _arrow(drawing, centre, bottom, centre, bottom - gaps[place])
        for side in sides:
            middle, left = bottom - gaps[place] / 2, width * 0.56
            _arrow(drawing, centre, middle, left, middle)
            _box(drawing, side, left, middle + _height(side) / 2, width * 0.42, _height(side))
        top = bottom - gaps[place]
    numbers = [piece for box in diagram.boxes for line in box.lines for piece in line if isinstance(piece, Number)]
    return Picture(drawing, numbers)


def _gaps(heights: Sequence[float], sides: Sequence[float]) -> list[float]:
    """The room below each main box, so that the box at the side of its arrow meets neither the one above nor an edge.

    heights, sides: of the main and the side box of each level, from the top; no side box is 0. The last gap is what
    the side boxes need below the last main box.
    """
    gaps, top, free = list[float](), 0.0, 0.0
    for place, (height, side) in enumerate(zip(heights, sides, strict=True)):
        bottom = top + height
        is_last = place == len(heights) - 1
        least = 0.0 if is_last else GAP
        # The side box stands in the middle of the gap and may begin where the one above it ended.
        gap = max(least, 2 * (free + side / 2 - bottom)) if side else least
        gap = max(gap, side, free - bottom) if is_last else gap
        gaps.append(gap)
        free = bottom + gap / 2 + side / 2 + SIDE_GAP if side else free
        top = bottom + gap
    return gaps


def _box(drawing: Drawing, box: Box, left: float, top: float, width: float, height: float) -> None:
    outline: dict[str, Any] = {"strokeColor": INK, "strokeWidth": 0.7, "fillColor": FILL}
    drawing.add(Rect(left, top - height, width, height, rx=2, ry=2, **outline))
    for place, line in enumerate(box.lines):
        baseline = top - PADDING - LINE + 1.5 - place * LEADING
        text = _fitting(clean(plain(line)), width - 2 * PADDING)
        drawing.add(String(left + PADDING, baseline, text, fontName=REGULAR, fontSize=LINE, fillColor=INK))


def _fitting(text: str, width: float) -> str:
    while stringWidth(text, REGULAR, LINE) > width:
        text = text[:-2].rstrip("…") + "…"
    return text


def _arrow(drawing: Drawing, x1: float, y1: float, x2: float, y2: float) -> None:
    drawing.add(Line(x1, y1, x2, y2, strokeColor=INK, strokeWidth=0.8))
    tip = [x2, y2, x2 - 2.6, y2 + 5, x2 + 2.6, y2 + 5] if x1 == x2 else [x2, y2, x2 - 5, y2 + 2.6, x2 - 5, y2 - 2.6]
    drawing.add(Polygon(tip, fillColor=INK, strokeColor=INK, strokeWidth=0.1))
