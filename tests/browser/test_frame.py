"""The page frame on a real browser: styles arrive, a phone is not overflowed, sign-in refuses and admits."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESKTOP, PHONE, SignIn
from trial.settings import DEMO_PASSWORD

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("viewport_width", [DESKTOP, PHONE])
def test_the_sign_in_page_is_styled_and_fits(page: Page, live_site: str) -> None:
    page.goto(f"{live_site}/sign-in/")
    button = page.get_by_role("button", name="Sign in")
    expect(button).to_be_visible()
    assert button.evaluate("element => getComputedStyle(element).backgroundColor") != "rgb(239, 239, 239)"
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_a_wrong_password_is_refused_in_words(page: Page, live_site: str) -> None:
    page.goto(f"{live_site}/sign-in/")
    page.get_by_label("User name").fill("nobody")
    page.get_by_label("Password").fill("not the password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()


@pytest.mark.parametrize("username", ["coordinator", "psychiatrist", "nurse", "datamanager", "monitor", "pi"])
def test_a_demo_account_signs_in_and_out(page: Page, shared_demo_site: str, sign_in: SignIn, username: str) -> None:
    sign_in(page, shared_demo_site, username, DEMO_PASSWORD)
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
