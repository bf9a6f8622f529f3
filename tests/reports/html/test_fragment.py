"""The page of a report against its PDF (read back by pypdf) and results.json, parsed by Python's html.parser."""

from __future__ import annotations

import io
import json
import re
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser

import pytest
from pypdf import PdfReader

from reports.assemble import Assembled, assemble
from reports.books import BOOKS
from reports.datasets.extracts import Extracts
from reports.html.standalone import standalone
from tests.reports.pdf.test_report import HOSTILE, NO_NUMBER
from trial.protocol import Protocol

VOID = {"img", "col", "meta"}
NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?")
BLOCKS = {"p", "td", "th", "li", "h2", "caption", "figcaption", "span", "strong"}
Attributes = dict[str, str]


@dataclass
class Node:
    """An element with everything inside it."""

    name: str
    attributes: Attributes
    text: str = ""
    children: list[Node] = field(default_factory=list)

    def all(self, *names: str) -> list[Node]:
        """Every element of these names below this one, in reading order."""
        found = [child for child in self.children if child.name in names]
        return [node for child in self.children for node in (*([child] if child in found else []), *child.all(*names))]


class Reader(HTMLParser):
    """The tree of a fragment; an element that is not closed in order is an error."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.root = Node("root", {})
        self.open = [self.root]
        self.feed(markup)
        self.close()
        assert self.open == [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = Node(tag, {key: value or "" for key, value in attrs})
        self.open[-1].children.append(node)
        if tag not in VOID:
            self.open.append(node)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop().name == tag
        if tag in BLOCKS:
            self.handle_data(" ")

    def handle_data(self, data: str) -> None:
        for node in self.open:
            node.text += data


@pytest.fixture(scope="module")
def page(report: Assembled) -> Node:
    return Reader(report.page.markup).root


def numbers_in(text: str) -> set[str]:
    """Everything that is a number of the report: neither a name nor, after its heading, a hash or a version."""
    words = re.sub(r"\s+", " ", text).split("What went in, and what computed it")[0]
    return set(NUMBER.findall(NO_NUMBER.sub(" ", words)))


def test_every_number_of_the_results_stands_under_its_id_as_printed_and_in_full(report: Assembled, page: Node) -> None:
    findings = json.loads(report.results)["findings"]
    shown = {node.attributes["id"]: node for node in page.all("data", "span") if "." in node.attributes.get("id", "")}
    assert {row["id"]: row["text"] for row in findings} == {key: node.text for key, node in shown.items()}
    full = {row["id"]: row["computed"] for row in findings if row["computed"] is not None}
    assert {key: float(node.attributes["value"]) for key, node in shown.items() if node.name == "data"} == full


def test_every_number_that_the_pdf_prints_stands_on_the_page_and_no_other(report: Assembled, page: Node) -> None:
    paper = " ".join(sheet.extract_text() for sheet in PdfReader(io.BytesIO(report.pdf)).pages)
    assert len(numbers_in(paper)) > 300
    assert numbers_in(page.text) == numbers_in(paper)


def test_headings_are_those_of_the_pdf_in_order_and_the_contents_lead_to_them(report: Assembled, page: Node) -> None:
    outline = PdfReader(io.BytesIO(report.pdf)).outline
    titles = [str(entry.title) for entry in outline if not isinstance(entry, list)]
    assert [node.text for node in page.all("h1", "h2", "h3")] == ["Contents", "Summary", *titles]
    links = [(node.text, node.attributes["href"].removeprefix("#")) for node in page.all("nav")[0].all("a")]
    sections = {node.attributes["id"]: node.all("h2")[0].text for node in page.all("section")}
    assert links == [(title, anchor) for anchor, title in sections.items()]


def test_every_id_is_given_once_and_every_reference_is_found(page: Node) -> None:
    nodes = page.all("article", "section", "h2", "data", "span", "caption", "ul", "nav", "table", "div", "figcaption")
    ids = [node.attributes["id"] for node in nodes if "id" in node.attributes]
    assert len(ids) == len(set(ids)) > 900
    for name in ("aria-labelledby", "aria-describedby"):
        assert {node.attributes[name] for node in nodes if name in node.attributes} <= set(ids)


def test_every_table_has_a_caption_and_a_head_for_each_row_and_column(page: Node) -> None:
    tables = page.all("table")
    assert len(tables) > 25
    for table in tables:
        assert table.children[0].name == "caption"
        assert table.children[0].text.strip()
        assert {node.attributes["scope"] for node in table.all("thead")[0].all("th")} == {"col"}
        for row in table.all("tbody")[0].all("tr"):
            first = row.children[0]
            assert (first.name, first.attributes.get("scope")) == ("th", "row") or not first.text.strip()
            assert len(row.children) == len(table.all("thead")[0].all("th", "td"))
    scrolled = [table for frame in page.all("div") if frame.attributes.get("tabindex") for table in frame.all("table")]
    assert len(scrolled) == len(tables)


def test_a_figure_says_in_words_what_it_shows_with_the_numbers_of_its_table(report: Assembled, page: Node) -> None:
    pictures = page.all("img")
    assert [picture.attributes["src"] for picture in pictures] == ["figures/1/"]
    assert len(report.page.figures) == 1
    assert report.page.figures[0].startswith(b"<?xml")
    said = pictures[0].attributes["alt"]
    course = {row["id"]: row["text"] for row in json.loads(report.results)["findings"]}
    for visit in ("baseline", "day_6", "week_2", "week_4", "week_6", "week_8"):
        assert f"{course[f'madrs_course.table.{visit}.mean']} ({course[f'madrs_course.table.{visit}.sd']})" in said


def test_the_flow_is_a_list_of_steps_in_words(page: Node) -> None:
    steps = [" ".join(node.text.split()) for node in page.all("ol")[1].all("li")]
    assert steps[0].startswith("Consented: 27 Who did not go on: Did not meet the criteria: 1")
    assert steps[1].startswith("Infusion started: 23")
    assert steps[-1].startswith("Week 8")


def test_nothing_that_the_content_policy_forbids_comes_with_it(page: Node) -> None:
    def check(node: Node) -> None:
        assert node.name not in {"script", "style", "iframe", "object", "svg"}
        assert not [key for key in node.attributes if key == "style" or key.startswith("on")]
        for child in node.children:
            check(child)

    check(page)


def test_markup_in_names_is_printed_literally(cohort_extracts: Extracts, protocol: Protocol) -> None:
    text = " ".join(HOSTILE)
    people = cohort_extracts.participants
    renamed = people.assign(study_id=people["study_id"].where(people["study_id"] != "S22", text))
    book = replace(BOOKS["per-protocol"], analyses=("madrs_course",))
    made = assemble(replace(cohort_extracts, participants=renamed), protocol, book, site=text)
    read = Reader(made.page.markup).root
    shown = re.sub("[\x00-\x1f]", " ", text)
    assert f"Left out for a missing visit: {shown}." in read.text
    assert len(read.all("img")) == 1
    assert read.all("script", "font", "ondraw") == []


def test_the_file_to_keep_fetches_nothing(report: Assembled) -> None:
    whole = standalone("Report <1>", report.page.markup, report.page.figures).decode()
    assert "<title>Report &lt;1&gt;</title>" in whole
    assert not re.findall(r'(?:src|href)="(?!data:|#)', whole)
    assert "@import" not in whole
    assert "url(" not in whole
