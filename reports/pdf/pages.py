"""The page: header, footer, page x of y, bookmarks, and the note of which number stands where."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, PageTemplate

from reports.composition import SYNTHETIC
from reports.display.cleaning import clean
from reports.pdf.text import BOLD, QUIET, REGULAR, paragraph, register_fonts

MARGIN, TOP, BOTTOM = 17 * mm, 24 * mm, 18 * mm
WIDTH = A4[0] - 2 * MARGIN
HEIGHT = A4[1] - TOP - BOTTOM
WARNING = HexColor("#a61b1b")


@dataclass(frozen=True)
class Surroundings:
    """What stands on every page."""

    title: str
    header: str
    is_synthetic: bool


class NumberingCanvas(Canvas):
    """A canvas that remembers on which page each number was first drawn."""

    def __init__(self, *args: Any, pages: dict[str, int], **options: Any) -> None:
        super().__init__(*args, **options)
        self.pages = pages
        self.setNamedCB("note_number", lambda _canvas, kind, label: self.note_number(kind or "", label))

    def note_number(self, _kind: str, label: str) -> None:
        """Called while a number is drawn."""
        self.pages.setdefault(label, self.getPageNumber())


class Document(BaseDocTemplate):
    """Pages with the frame around, and an outline entry for every heading."""

    def __init__(self, file: io.BytesIO, frame: Surroundings, total: int) -> None:
        super().__init__(
            file,
            pagesize=A4,
            leftMargin=MARGIN,
            rightMargin=MARGIN,
            topMargin=TOP,
            bottomMargin=BOTTOM,
            invariant=1,
            initialFontName=REGULAR,
            title=clean(frame.title),
            author="",
            creator="",
            producer="",
            lang="en",
        )
        self.around, self.total, self.sections = frame, total, 0
        body = Frame(MARGIN, BOTTOM, WIDTH, HEIGHT, leftPadding=0, rightPadding=0, topPadding=0, bottomPadding=0)
        self.addPageTemplates([PageTemplate(id="page", frames=[body], onPage=self._decorate)])

    def afterFlowable(self, flowable: Flowable) -> None:
        """Bookmark a heading."""
        title = getattr(flowable, "outline_title", None)
        if title is not None:
            self.sections += 1
            key = f"section-{self.sections}"
            self.canv.bookmarkPage(key)
            self.canv.addOutlineEntry(clean(title), key, level=0, closed=False)

    def _decorate(self, canvas: Any, _document: Any) -> None:
        canvas.saveState()
        canvas.setFont(REGULAR, 7.4)
        canvas.setFillColor(QUIET)
        canvas.drawString(MARGIN, A4[1] - 13 * mm, clean(self.around.header))
        canvas.drawRightString(A4[0] - MARGIN, 10 * mm, f"Page {canvas.getPageNumber()} of {self.total}")
        canvas.drawString(MARGIN, 10 * mm, clean(self.around.title))
        canvas.setStrokeColor(QUIET)
        canvas.setLineWidth(0.4)
        canvas.line(MARGIN, A4[1] - 15 * mm, A4[0] - MARGIN, A4[1] - 15 * mm)
        canvas.line(MARGIN, 13.5 * mm, A4[0] - MARGIN, 13.5 * mm)
        if self.around.is_synthetic:
            canvas.setFont(BOLD, 9)
            canvas.setFillColor(WARNING)
            canvas.drawRightString(A4[0] - MARGIN, A4[1] - 13 * mm, SYNTHETIC)
        canvas.restoreState()


def heading(text: str) -> Flowable:
    """A heading with its outline entry."""
    flowable = paragraph(text, "heading")
    flowable.outline_title = text  # type: ignore[attr-defined]
    return flowable


def render(frame: Surroundings, story: Callable[[], Sequence[Flowable]]) -> tuple[bytes, dict[str, int]]:
    """Lay the story out twice, the second time knowing how many pages there are.

    Returns the bytes, the same for the same story, and the page of every number by its id.
    """
    register_fonts()
    _, _, total = _layout(frame, story, 0)
    content, pages, again = _layout(frame, story, total)
    if again != total:
        raise RuntimeError(f"The report has {total} pages at first and {again} then; the footer changes its layout.")
    return content, pages


def _layout(
    frame: Surroundings, story: Callable[[], Sequence[Flowable]], total: int
) -> tuple[bytes, dict[str, int], int]:
    file, pages = io.BytesIO(), dict[str, int]()
    document = Document(file, frame, total)
    document.build(list(story()), canvasmaker=partial(NumberingCanvas, pages=pages))
    return file.getvalue(), pages, document.page
