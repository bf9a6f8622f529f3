"""The PI orders the per-protocol report, sees it advance, reads it as a page, and downloads what its hash names."""

from __future__ import annotations

import hashlib
from pathlib import Path

from playwright.sync_api import Page, expect
from pypdf import PdfReader

from tests.browser.conftest import PHONE, SignIn
from tests.browser.looks import Complaints, faults
from trial.settings import DEMO_PASSWORD

BUILT_WITHIN_MS = 150_000
# Records every value that the bar shows, in the page: asking from here would miss values between two questions.
WATCH = """() => {
  const seen = window.seenPercents = new Set();
  const look = () => {
    const bar = document.querySelector("#report-progress");
    if (bar) seen.add(bar.value);
  };
  look();
  new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
}"""


def test_a_report_is_ordered_advances_and_downloads(
    page: Page, demo_site: str, sign_in: SignIn, tmp_path: Path
) -> None:
    sign_in(page, demo_site, "pi", DEMO_PASSWORD)
    page.get_by_role("link", name="Reports").click()
    page.get_by_role("link", name="Order a report").click()
    page.get_by_label("Report").select_option(label="Per-protocol report")
    page.get_by_role("button", name="Order").click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    page.evaluate(WATCH)

    download = page.get_by_role("link", name="Download the PDF")
    expect(download.or_(page.get_by_role("alert")).first).to_be_visible(timeout=BUILT_WITHIN_MS)
    expect(download).to_be_visible()
    values = page.evaluate("[...window.seenPercents]")
    assert len(values) > 1, values
    assert values == sorted(values)

    complaints = Complaints(page)
    page.get_by_role("link", name="Read it here").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Per-protocol report")
    page.get_by_role("navigation", name="Contents").get_by_role("link", name="Depression severity (MADRS)").click()
    expect(page.get_by_role("heading", name="Depression severity (MADRS)")).to_be_in_viewport()
    figure = page.get_by_role("figure", name="Figure 1. MADRS before and after the infusion")
    expect(figure.get_by_role("img")).to_have_js_property("complete", True)
    assert figure.get_by_role("img").evaluate("picture => picture.naturalWidth") > 0
    expect(page.get_by_role("table", name="MADRS total by visit").get_by_role("rowheader")).to_have_count(6)
    page.set_viewport_size({"width": PHONE, "height": 812})
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE
    assert faults(page) + complaints.taken() == []
    page.go_back()
    page.go_back()

    with page.expect_download() as arriving:
        download.click()
    file = tmp_path / "report.pdf"
    arriving.value.save_as(file)
    shown = page.get_by_role("definition").filter(has_text=hashlib.sha256(file.read_bytes()).hexdigest())
    expect(shown).to_have_count(1)
    reader = PdfReader(file)
    assert len(reader.pages) > 1
    assert "ketamine" in (reader.pages[0].extract_text() or "").lower()
