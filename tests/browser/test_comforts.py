"""What every page gives besides its content: dates that cannot be misread, and sheets that say where they are from."""

from __future__ import annotations

import io

import pytest
from playwright.sync_api import Page, expect
from pypdf import PdfReader

from tests.browser.conftest import SignIn
from trial.settings import DEMO_PASSWORD

# The site's wall clock, which the page carries, in words and moved by hours.
LONG = """() => {
  const now = document.querySelector("[name=occurred_at]").value;
  const day = new Intl.DateTimeFormat("en", { weekday: "long", timeZone: "UTC" }).format(Date.parse(now + "Z"));
  return `${day} ${now.replace("T", " ")}`;
}"""
SHIFTED = """(step) => {
  const hours = Number(step.split(":")[0]);
  const now = Date.parse(document.body.dataset.now + "Z");
  return new Date(now + hours * 3600000).toISOString().slice(0, 16);
}"""


@pytest.fixture
def enrolment(page: Page, shared_demo_site: str, sign_in: SignIn) -> Page:
    """The coordinator's form with a date whose day and month can be taken for each other."""
    sign_in(page, shared_demo_site, "coordinator", DEMO_PASSWORD)
    page.goto(f"{shared_demo_site}/participants/new/")
    return page


def test_a_date_is_said_again_in_iso_form_with_its_weekday(enrolment: Page) -> None:
    contact = enrolment.get_by_label("First contact")
    contact.fill("2026-03-04")
    expect(enrolment.locator("[data-echo]")).to_have_text("Wednesday 2026-03-04")
    contact.fill("2026-04-03")
    expect(contact).to_have_accessible_description("Friday 2026-04-03")
    contact.fill("")
    expect(enrolment.locator("[data-echo]")).to_have_text("")


def test_a_moment_says_how_long_ago_it_is_at_the_site(page: Page, shared_demo_site: str, sign_in: SignIn) -> None:
    sign_in(page, shared_demo_site, "pi", DEMO_PASSWORD)
    page.goto(f"{shared_demo_site}/participants/STL-0001-6/consent/")
    signed = page.get_by_label("Signed at")
    expect(page.locator("[data-echo]")).to_have_text(f"{page.evaluate(LONG)}, now")
    for step, words in (("-03:00", "3 h ago"), ("-96:00", "4 days ago"), ("+72:00", "in 3 days")):
        signed.fill(page.evaluate(SHIFTED, step))
        expect(page.locator("[data-echo]")).to_contain_text(f", {words}")


def test_every_printed_sheet_says_it_is_synthetic(page: Page, shared_demo_site: str, sign_in: SignIn) -> None:
    sign_in(page, shared_demo_site, "monitor", DEMO_PASSWORD)
    page.goto(f"{shared_demo_site}/protocol/")
    sheets = PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True))).pages
    assert len(sheets) > 2
    assert all("the cohort is synthetic" in sheet.extract_text() for sheet in sheets)
