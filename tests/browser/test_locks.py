"""Two people unlock a visit, each with a signature, in two browsers."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESKTOP, PHONE, NewContext, SignIn
from trial.settings import DEMO_PASSWORD

FITS = "document.documentElement.scrollWidth <= window.innerWidth"


def signed(page: Page, username: str, button: str) -> None:
    """Give the user name and the password, and sign."""
    page.get_by_label("User name").fill(username)
    page.get_by_label("Password").fill(DEMO_PASSWORD)
    page.get_by_role("button", name=button).click()


@pytest.mark.parametrize("viewport_width", [DESKTOP, PHONE])
def test_a_visit_is_locked_and_two_people_unlock_it(
    page: Page, demo_site: str, sign_in: SignIn, new_context: NewContext
) -> None:
    sign_in(page, demo_site, "datamanager", DEMO_PASSWORD)
    page.goto(f"{demo_site}/locks/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Locks")
    assert page.evaluate(FITS)
    page.get_by_role("link", name=re.compile(": open$")).first.click()
    visit = page.url
    page.get_by_role("link", name="Lock …").first.click()
    page.get_by_label("Why is it locked now?").fill("verified against the source")
    page.get_by_role("button", name="Lock").click()
    expect(page.get_by_text("This cannot be saved now.")).to_be_visible()
    page.get_by_role("link", name="Ask to unlock …").click()
    page.get_by_label("Why does it have to be unlocked?").fill("a page of the source was found")
    signed(page, "datamanager", "Sign and ask")
    expect(page.get_by_text("so somebody else has to allow it")).to_be_visible()
    expect(page.get_by_role("button", name="Sign and unlock")).to_have_count(0)

    second = new_context().new_page()
    sign_in(second, demo_site, "pi", DEMO_PASSWORD)
    second.goto(f"{demo_site}/")
    second.get_by_role("heading", name="To be unlocked").wait_for()
    second.goto(page.url)
    assert second.evaluate(FITS)
    signed(second, "pi", "Sign and unlock")
    expect(second.get_by_text("is unlocked.")).to_be_visible()
    page.goto(visit)
    expect(page.get_by_text("This cannot be saved now.")).to_have_count(0)
