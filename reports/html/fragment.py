"""A composed report as one fragment of HTML and the pictures it shows."""

from __future__ import annotations

from dataclasses import dataclass, field

from reports.analyses.finding import Finding
from reports.composition import SYNTHETIC, Composition, Verdict
from reports.display.parts import Box, Figure, Flow, Part, Table, Text, Words, plain
from reports.html.markup import element, inline, joined, written

FIGURE_ADDRESS = "figures/{number}/"
FRONT = "Summary"


@dataclass(frozen=True)
class Fragment:
    """Markup that names its pictures by FIGURE_ADDRESS from 1, and their SVG in that order."""

    markup: str
    figures: tuple[bytes, ...]


@dataclass
class _Draft:
    """What has been used up so far: pictures, and numbers for the ids of tables."""

    figures: list[bytes] = field(default_factory=list)
    tables: int = 0


def fragment(report: Composition) -> Fragment:
    """The report in reading order, under headings of the second level; the page's own heading is its title."""
    draft = _Draft()
    chapters = ((report.front, FRONT), *((section, section.title) for section in report.sections))
    body = [
        element("p", written(report.header), class_="report-run"),
        element("p", SYNTHETIC, class_="report-synthetic") if report.is_synthetic else "",
        _contents([(chapter.id, title) for chapter, title in chapters]),
        _front(report, draft),
        *(_section(section, section.title, _parts(section.parts, draft)) for section in report.sections),
    ]
    return Fragment(element("article", "\n" + joined(body) + "\n", class_="report"), tuple(draft.figures))


def _contents(chapters: list[tuple[str, str]]) -> str:
    rows = joined(
        element("li", element("a", written(title), href=f"#{_anchor(identity)}")) for identity, title in chapters
    )
    heading = element("h2", "Contents", id="contents")
    return element("nav", heading + element("ol", rows), class_="report-contents", aria_labelledby="contents")


def _anchor(identity: str) -> str:
    return f"section-{identity}"


def _front(report: Composition, draft: _Draft) -> str:
    parts = report.front.parts
    content = [*_parts(parts[:1], draft), *_verdict(report.verdict), *_parts(parts[1:], draft)]
    return _section(report.front, FRONT, content)


def _verdict(verdict: Verdict) -> list[str]:
    told = element("p", written(verdict.text), class_=f"report-verdict report-verdict-{verdict.tone}")
    return [told, *(element("p", written(note), class_="report-note") for note in verdict.notes)]


def _section(finding: Finding, title: str, content: list[str]) -> str:
    anchor = _anchor(finding.id)
    heading = element("h2", written(title), id=f"{anchor}-title")
    return element("section", joined([heading, *content]), id=anchor, aria_labelledby=f"{anchor}-title")


def _parts(parts: tuple[Part, ...], draft: _Draft) -> list[str]:
    return [_part(part, draft) for part in parts]


def _part(part: Part, draft: _Draft) -> str:
    if isinstance(part, Table):
        return _table(part, draft)
    if isinstance(part, Figure):
        return _figure(part, draft)
    if isinstance(part, Flow):
        return _flow(part)
    return element("p", inline(part))


def _titles(title: Words, population: Words) -> str:
    shown = element("strong", inline(title)) if plain(title) else ""
    if plain(population):
        shown += element("span", "Population: " + inline(population), class_="report-population")
    return shown


def _table(table: Table, draft: _Draft) -> str:
    """The table in a frame of its own that scrolls, and its notes under it."""
    draft.tables += 1
    name, notes = f"table-{draft.tables}", f"notes-{draft.tables}"
    caption = element("caption", _titles(table.title, table.population), id=name)
    described = notes if table.notes else ""
    grid = element("table", caption + _cells(table), class_="table report-table", aria_describedby=described)
    told = "".join(element("li", inline(note)) for note in table.notes)
    return joined([_scrolling(grid, name), element("ul", told, class_="report-notes", id=notes) if told else ""])


def _scrolling(content: str, name: str) -> str:
    """What may be wider than the screen, in a frame that the keyboard can scroll."""
    return element("div", content, class_="table-scroll", role="region", aria_labelledby=name, tabindex="0")


def _cells(table: Table) -> str:
    head = element("thead", element("tr", "".join(_head(words) for words in table.head)))
    return head + element("tbody", "\n".join(element("tr", _row(row)) for row in table.rows))


def _head(words: Words) -> str:
    return element("th", inline(words), scope="col") if plain(words) else "<td></td>"


def _row(row: tuple[Text, ...]) -> str:
    """The first cell names the row; a row that continues the one above has none."""
    first, *others = row
    named = element("th", inline(first), scope="row") if plain(first) else "<td></td>"
    return named + "".join(element("td", inline(cell)) for cell in others)


def _figure(figure: Figure, draft: _Draft) -> str:
    """The picture with what it shows in words, under it the numbers of its x axis as a table, and the caption."""
    draft.figures.append(figure.svg)
    number = len(draft.figures)
    address, name = FIGURE_ADDRESS.format(number=number), f"figure-{number}"
    picture = f'<img src="{address}" alt="{written(figure.alternative)}">'
    drawn = picture if figure.below is None else _scrolling(picture + _below(figure.below), name)
    caption = element("p", inline(figure.caption), class_="report-note")
    titles = element("figcaption", _titles(figure.title, figure.population), id=name)
    return element("figure", joined([titles, drawn, caption]), class_="report-figure")


def _below(table: Table) -> str:
    """The table under a picture; its columns lie below the picture's, so their widths are those of the paper."""
    caption = element("caption", "At each place of the x axis", class_="visually-hidden")
    columns = "".join(f'<col width="{100 * width / sum(table.widths):.3f}%">' for width in table.widths)
    grid = caption + element("colgroup", columns) + _cells(table)
    return element("table", grid, class_="table report-table report-below")


def _flow(flow: Flow) -> str:
    """A list of the steps, each with who left there; on the screen it is drawn as boxes."""
    steps = []
    for row in sorted({box.row for box in flow.boxes}):
        boxes = [_box(box) for box in sorted(flow.boxes, key=lambda box: box.is_side) if box.row == row]
        steps.append(element("li", "".join(boxes)))
    titles = _titles(flow.title, flow.population)
    caption = element("figcaption", titles) if titles else ""
    return element("figure", caption + element("ol", joined(steps)), class_="report-flow")


def _box(box: Box) -> str:
    """A box of the diagram; what is indented there continues or parts the line above."""
    lines = "".join(
        element("p", inline(line), class_="report-flow-part" if plain(line).startswith(" ") else "")
        for line in box.lines
    )
    if not box.is_side:
        return element("div", lines, class_="report-flow-box")
    before = element("p", "Who did not go on:", class_="visually-hidden")
    return element("div", before + lines, class_="report-flow-side")
