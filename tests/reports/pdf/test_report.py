"""The PDF as a reader finds it, read back by pypdf 7."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from typing import Any

import pytest
from pypdf import PdfReader

from reports import analyses
from reports.analyses.finding import Finding
from reports.assemble import Assembled, assemble
from reports.books import BOOKS
from reports.datasets import Datasets
from reports.datasets.extracts import Extracts
from trial.protocol import Protocol

BOOK = BOOKS["per-protocol"]


def read(report: Assembled) -> PdfReader:
    return PdfReader(io.BytesIO(report.pdf))


def squeezed(text: str) -> str:
    """Text without any space: a line may break inside a cell."""
    return re.sub(r"\s+", "", text)


def test_every_finding_stands_on_the_page_it_names(report: Assembled) -> None:
    pages = [squeezed(page.extract_text()) for page in read(report).pages]
    findings = json.loads(report.results)["findings"]
    assert len(findings) > 900
    astray = [f["id"] for f in findings if squeezed(f["text"]) not in pages[f["page"] - 1]]
    assert astray == []


NO_NUMBER = re.compile(
    r"""\d{4}-\d\d-\d\d(\s\d\d:\d\d(:\d\d)?)?   # dates and their times
    |\d\d:\d\d                                   # clock times
    |\b[dD]ays?\s\d(\s(to|and|or)\s\d)?|\b[wW]eeks?\s\d(\sand\s\d)?
    |\bS\d\d\b|\bX\d\d\b|NCT\d+|ketamine_96h_v1|[A-Z]{3}-\d{4}-\d    # ids
    |Page\s\d+\sof\s\d+|\brun\s[0-9a-f]{12}
    |(Table|Figure|Fig\.)\s\d|Table\sS\d
    |95%\sCI
    """,
    re.VERBOSE,
)


def test_every_printed_number_is_a_finding_of_its_page(report: Assembled) -> None:
    """Provenance is left out: it holds hashes and versions. The axis of Figure 1 is drawn, not text."""
    findings = json.loads(report.results)["findings"]
    astray = []
    for number, page in enumerate(read(report).pages, start=1):
        text = re.sub(r"\s+", " ", page.extract_text()).split("What went in, and what computed it")[0]
        known = " ".join(finding["text"] for finding in findings if finding["page"] == number)
        kept = NO_NUMBER.sub(" ", text)
        astray += [
            (number, kept[max(0, match.start() - 40) : match.end() + 20])
            for match in re.finditer(r"(?<![\w.])\d+(?:\.\d+)?", kept)
            if not re.search(rf"(?<![\d.]){re.escape(match.group())}(?![\d]|\.\d)", known)
        ]
    assert astray == []


def test_a_whole_row_reads_as_it_was_computed(report: Assembled) -> None:
    text = squeezed("".join(page.extract_text() for page in read(report).pages))
    assert squeezed("Week 2 21 13.05 (7.65) −16.05 (8.47) −19.90 to −12.19 −8.68 20 < 0.001") in text
    assert squeezed("Age, years 23 40.0 (14.05)") in text


def test_every_font_is_embedded(report: Assembled) -> None:
    for page in read(report).pages:
        resources: Any = page["/Resources"]
        for font in resources["/Font"].values():
            descriptor = font.get_object()["/FontDescriptor"].get_object()
            assert "/FontFile2" in descriptor
            assert "DejaVu" in descriptor["/FontName"]


def test_every_section_is_bookmarked_in_order(report: Assembled) -> None:
    titles = [str(entry.title) for entry in read(report).outline if not isinstance(entry, list)]
    assert titles[:3] == ["Flow of participants", "Baseline", "Depression severity (MADRS)"]
    assert titles[-4:] == ["Comparison with the publication", "Definitions", "Electronic signatures", "Provenance"]
    assert len(titles) == len(BOOK.analyses) + 4


def test_every_page_says_which_it_is_and_of_what(report: Assembled) -> None:
    pages = read(report).pages
    for number, page in enumerate(pages, start=1):
        text = page.extract_text()
        assert f"Page {number} of {len(pages)}" in text
        assert "SYNTHETIC DEMO DATA" in text
        assert f"run {report.run.id}" in text
        assert "data cut 2016-12-01 12:00 UTC" in text


def test_real_data_are_not_called_synthetic(cohort_extracts: Extracts, protocol: Protocol) -> None:
    real = replace(cohort_extracts, participants=cohort_extracts.participants.assign(origin="form"))
    made = assemble(real, protocol, replace(BOOK, analyses=("flow", "blood_pressure")), site="Clinic")
    text = "".join(page.extract_text() for page in read(made).pages)
    assert "SYNTHETIC" not in text
    assert "No analysis failed. Whether the values agree with the publication stands below." in text
    assert "Publishable" not in text
    assert made.is_publishable
    matches = {row.entry.id: row.match for row in made.compared}
    assert matches["S44"] == "yes"
    assert matches["S09"] == "no"


def test_the_same_input_gives_the_same_bytes(report: Assembled, cohort_extracts: Extracts, protocol: Protocol) -> None:
    again = assemble(cohort_extracts, protocol, BOOK, site="STL Clinic")
    assert again.pdf == report.pdf
    assert again.results == report.results


def test_a_failed_analysis_is_named_and_forbids_publishing(
    cohort_extracts: Extracts, protocol: Protocol, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(datasets: Datasets, protocol: Protocol) -> Finding:
        raise ZeroDivisionError("no <b>pressure</b> & no cuff")

    monkeypatch.setitem(analyses.ANALYSES, "blood_pressure", broken)
    told: list[tuple[int, str]] = []
    made = assemble(
        cohort_extracts,
        protocol,
        replace(BOOK, analyses=("flow", "blood_pressure", "cgi")),
        site="Clinic",
        progress=lambda percent, message: told.append((percent, message)),
    )
    assert not made.is_publishable
    assert [failure.analysis for failure in made.failures] == ["blood_pressure"]
    first = read(made).pages[0].extract_text()
    assert "NOT PUBLISHABLE. Failed: blood pressure." in first
    assert "no <b>pressure</b> & no cuff" in first
    run = json.loads(made.results)["run"]
    assert run["is_publishable"] is False
    assert run["failures"][0]["analysis"] == "blood_pressure"
    assert {"S44", "S45"} <= set(made.disagreements)
    assert [percent for percent, _ in told] == sorted(percent for percent, _ in told)


HOSTILE = (
    "<img src='file:///etc/passwd'/>", '<img src="../../x.png"/>', "<img src='http://127.0.0.1:9/x.png'/>", "</para>",
    "<a href='javascript:alert(1)'>x</a>", "<font color='[[[getattr(pow,1)]]]'>y</font>", "&lt;&amp;", "a\x00b\x1bc",
    '<onDraw name="note_number" label="x"/>', "{{ 7*7 }}", "%PDF-1.4",
)  # fmt: skip


def test_markup_in_names_is_printed_literally(cohort_extracts: Extracts, protocol: Protocol) -> None:
    """The study id of who missed a visit is printed in the sentence on the ANOVA, the site in header and text."""
    text = " ".join(HOSTILE)
    people = cohort_extracts.participants
    renamed = people.assign(study_id=people["study_id"].where(people["study_id"] != "S22", text))
    book = replace(BOOK, analyses=("madrs_course",))
    made = assemble(replace(cohort_extracts, participants=renamed), protocol, book, site=text)
    reader = read(made)
    printed = squeezed("".join(page.extract_text() for page in reader.pages))
    shown = squeezed(re.sub("[\x00-\x1f]", " ", text))
    assert printed.count(shown) >= 2
    assert f"Leftoutforamissingvisit:{shown}." in printed
    for page in reader.pages:
        assert "/Annots" not in page
        assert not list(page.images)


def test_a_text_of_any_length_is_cut_and_quick(cohort_extracts: Extracts, protocol: Protocol) -> None:
    people = cohort_extracts.participants
    flood = "<br/>" * 20_000
    renamed = people.assign(study_id=people["study_id"].where(people["study_id"] != "S22", flood))
    book = replace(BOOK, analyses=("madrs_course",))
    made = assemble(replace(cohort_extracts, participants=renamed), protocol, book, site="Clinic")
    printed = "".join(page.extract_text() for page in read(made).pages)
    assert "<br/><br/>" in squeezed(printed)
    assert "(cut)" in printed
    assert len(printed) < 60_000


def test_an_empty_trial_still_gives_a_report(protocol: Protocol) -> None:
    from tests.reports.extracts import empty

    made = assemble(empty(), protocol, BOOK, site="Clinic")
    assert made.failures == ()
    assert "S01" in made.disagreements
    assert "Not as published: S01" in read(made).pages[0].extract_text()


def test_synthetic_data_that_miss_a_published_value_are_not_publishable(
    cohort_extracts: Extracts, protocol: Protocol
) -> None:
    fewer = cohort_extracts.consents[cohort_extracts.consents["participant_id"] != "X01"]
    made = assemble(replace(cohort_extracts, consents=fewer), protocol, BOOK, site="Clinic")
    assert made.failures == ()
    assert "S01" in made.disagreements
    assert not made.is_publishable
    assert json.loads(made.results)["run"]["is_publishable"] is False
    first = read(made).pages[0].extract_text()
    assert "NOT PUBLISHABLE" in first
    assert "Complete:" not in first
