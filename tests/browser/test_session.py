"""The end of a session in place: the page is covered and unreadable, and nothing that was typed is lost."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect
from pytest_django.plugin import DjangoDbBlocker

from tests.browser import scenes
from tests.browser.conftest import DESKTOP, PHONE, SignIn
from tests.browser.looks import settle
from tests.conftest import SiteFactory, redirected
from tests.engines.clones import Template
from trial.participants.models import Participant
from trial.settings import DEMO_PASSWORD

IDLE = 10
LONGER_MS = (IDLE + 10) * 1000
CANARY = "2026-03-04"


@pytest.fixture
def hasty_site(site_factory: SiteFactory, demo_database: str, demo_template: Template) -> str:
    """A demo site whose sessions are idle after ten seconds."""
    return site_factory(demo_database, demo_template, SESSION_IDLE_SECONDS=str(IDLE)).url


@pytest.fixture
def enrolment(page: Page, hasty_site: str, sign_in: SignIn) -> Page:
    """The coordinator's form, with something typed in it."""
    sign_in(page, hasty_site, "coordinator", DEMO_PASSWORD)
    page.goto(f"{hasty_site}/participants/new/")
    page.get_by_label("First contact").fill(CANARY)
    return page


@pytest.mark.parametrize("viewport_width", [DESKTOP, PHONE])
def test_a_page_warns_covers_itself_and_goes_on_by_password_with_what_was_typed(enrolment: Page) -> None:
    page, cover = enrolment, enrolment.get_by_role("dialog", name="Covered")
    expect(page.get_by_text("This page covers itself in")).to_be_visible(timeout=LONGER_MS)
    expect(cover).to_be_visible(timeout=LONGER_MS)
    assert "Participants" not in page.title()
    expect(page.get_by_label("First contact")).to_be_hidden()
    assert CANARY not in page.locator("body").inner_text()
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(cover).to_be_visible()
    cover.get_by_label("Password").fill("not it")
    cover.get_by_label("Password").press("Enter")
    expect(cover.get_by_role("alert")).to_contain_text("do not match")
    cover.get_by_label("Password").fill(DEMO_PASSWORD)
    cover.get_by_role("button", name="Go on").click()
    expect(cover).to_be_hidden()
    expect(page.get_by_label("First contact")).to_have_value(CANARY)
    page.locator(".record-form button[type=submit]").click()
    expect(page.locator(".record-form [data-focus]")).to_be_visible()
    assert "could not be trusted" not in page.content()


def test_who_types_is_not_covered(enrolment: Page) -> None:
    for _ in range(IDLE + 4):
        enrolment.get_by_label("First contact").press("Tab")
        enrolment.wait_for_timeout(1000)
    expect(enrolment.get_by_role("dialog")).to_have_count(0)


def test_an_open_interview_is_not_covered(
    page: Page, hasty_site: str, demo_database: str, sign_in: SignIn, django_db_blocker: DjangoDbBlocker
) -> None:
    with redirected(demo_database, django_db_blocker):
        study_id = scenes.at_week_2().study_id
    sign_in(page, hasty_site, "coordinator", DEMO_PASSWORD)
    page.goto(f"{hasty_site}/participants/{study_id}/")
    page.goto(f"{hasty_site}/assessments/{study_id}/week_2/madrs/")
    expect(page.locator("form[data-interview]")).to_be_visible()
    page.wait_for_timeout(LONGER_MS)
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_the_bedside_idles_to_a_display_that_names_nobody(
    page: Page, hasty_site: str, demo_database: str, sign_in: SignIn, django_db_blocker: DjangoDbBlocker
) -> None:
    with redirected(demo_database, django_db_blocker):
        patient: Participant = scenes.infused(timedelta(hours=9)).participant
    sign_in(page, hasty_site, "nurse", DEMO_PASSWORD)
    page.goto(f"{hasty_site}/infusion/{patient.study_id}/")
    settle(page)
    cover = page.get_by_role("dialog", name="Covered")
    expect(cover).to_be_visible(timeout=LONGER_MS)
    expect(cover.get_by_role("region", name="Infusion")).to_contain_text("mg/kg/h")
    assert patient.study_id not in page.locator("body").inner_text() + page.title()
    cover.get_by_label("Password").fill(DEMO_PASSWORD)
    cover.get_by_label("Password").press("Enter")
    expect(cover).to_be_hidden()
    expect(page.get_by_role("heading", name="Infusion")).to_be_visible()


def test_a_form_sent_too_late_stands_in_its_page_again(enrolment: Page, hasty_site: str) -> None:
    page = enrolment
    expect(page.get_by_role("dialog", name="Covered")).to_be_visible(timeout=LONGER_MS)
    page.evaluate("document.querySelector('.record-form').submit()")
    page.get_by_text("it stands in its form again").wait_for()
    page.get_by_label("User name").fill("coordinator")
    page.get_by_label("Password").fill(DEMO_PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="This was not saved yet")).to_be_visible()
    expect(page.get_by_text(CANARY)).to_be_visible()
    page.get_by_role("link", name="Open the form, filled in").click()
    expect(page.get_by_label("First contact")).to_have_value(CANARY)
    expect(page.locator("[data-echo]")).to_have_text("Wednesday 2026-03-04")
    expect(page.get_by_text("It stands in the form below again")).to_be_visible()
