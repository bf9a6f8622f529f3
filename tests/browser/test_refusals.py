"""403, 404, a form that cannot be trusted, and a fault: our own page, in our frame, with a way back."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import RequestFactory
from django.views.defaults import server_error
from playwright.sync_api import Page, Response, expect
from pytest_django.plugin import DjangoDbBlocker

from tests.browser.conftest import DESKTOP, PHONE, SignIn
from tests.conftest import redirected
from tests.engines.site import RunningSite
from trial.settings import DEMO_PASSWORD

FITS = "document.documentElement.scrollWidth <= window.innerWidth"


def assert_frame(page: Page, answer: Response | None, status: int, heading: str) -> None:
    """The refusal stands in the site's frame, fits, and leads back."""
    assert answer is not None
    assert answer.status == status
    expect(page.get_by_role("heading", level=1)).to_have_text(heading)
    expect(page.get_by_role("link", name="Ketamine 96 h")).to_be_visible()
    expect(page.get_by_role("link", name="Go to Today")).to_have_attribute("href", "/")
    button = page.get_by_role("link", name="Go to Today")
    assert button.evaluate("element => getComputedStyle(element).backgroundColor") != "rgba(0, 0, 0, 0)"
    assert page.evaluate(FITS)


@pytest.mark.parametrize("viewport_width", [DESKTOP, PHONE])
def test_what_is_not_there_and_what_is_not_allowed(page: Page, shared_demo_site: str, sign_in: SignIn) -> None:
    sign_in(page, shared_demo_site, "nurse", DEMO_PASSWORD)
    answer = page.goto(f"{shared_demo_site}/participants/STL-9999-9/")
    assert_frame(page, answer, 404, "There is nothing at this address")
    answer = page.goto(f"{shared_demo_site}/participants/new/")
    assert_frame(page, answer, 403, "Your role does not allow this")
    page.get_by_role("link", name="Go to Today").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Today")


def test_a_form_without_its_token_is_refused_in_words(page: Page, shared_demo_site: str) -> None:
    page.goto(f"{shared_demo_site}/sign-in/")
    page.context.clear_cookies()
    page.get_by_label("User name").fill("nurse")
    page.get_by_label("Password").fill("wrong")
    with page.expect_navigation() as arriving:
        page.get_by_role("button", name="Sign in").click()
    assert_frame(page, arriving.value, 403, "This form could not be trusted, so nothing was saved")


def test_a_fault_is_told_in_our_frame(
    page: Page, running_site: RunningSite, django_db_blocker: DjangoDbBlocker
) -> None:
    with redirected(running_site.database_url, django_db_blocker), connection.cursor() as cursor:
        cursor.execute("DROP TABLE django_session")
    page.context.add_cookies([{"name": "sessionid", "value": "0" * 32, "url": running_site.url}])
    assert_frame(page, page.goto(f"{running_site.url}/participants/"), 500, "The site made an error")
    assert "Traceback" not in page.content()


def test_the_page_of_a_fault_asks_the_database_nothing() -> None:
    # Without a database fixture the test process refuses every query.
    answer = server_error(RequestFactory().get("/"))
    assert (answer.status_code, b"The site made an error" in answer.content) == (500, True)
