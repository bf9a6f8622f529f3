"""Chromium on a running site; the sites and databases are those of tests/conftest.py."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, sync_playwright
from pytest_django.plugin import DjangoDbBlocker

from tests.conftest import redirected
from tests.engines import chromium
from tests.engines import site as sites
from tests.engines.clones import Template, Templates
from tests.engines.site import RunningSite

SCREENSHOTS = Path(__file__).resolve().parents[2] / "var" / "screenshots"
DESKTOP, PHONE = 1440, 375
HEIGHTS = {DESKTOP: 900, PHONE: 812}
FAILED = pytest.StashKey[bool]()
LOCAL = {"127.0.0.1", "localhost"}
READ_TIMEOUT_MS = 15_000


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder `browser`."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker("browser")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember whether the test failed, for the screenshot."""
    report = yield
    item.stash[FAILED] = item.stash.get(FAILED, False) or report.failed
    return report


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One headless Chromium per test process."""
    # Playwright's loop runs in this thread, which Django would otherwise take for an async caller.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=chromium.executable(), args=list(chromium.ARGUMENTS), headless=True
        )
        yield started
        started.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def viewport_width() -> int:
    """Width in CSS pixels; a test that parametrizes `viewport_width` with DESKTOP, PHONE gets each."""
    return DESKTOP


@pytest.fixture
def new_context(browser: Browser, viewport_width: int) -> Iterator[Callable[[], BrowserContext]]:
    """Open browser contexts, each with its own cookies: one per person of the test."""
    opened: list[BrowserContext] = []
    foreign: list[str] = []

    def only_local(route: Route) -> None:
        if urlsplit(route.request.url).hostname in LOCAL:
            route.continue_()
            return
        foreign.append(route.request.url)
        route.abort()

    def make() -> BrowserContext:
        context = browser.new_context(
            viewport={"width": viewport_width, "height": HEIGHTS.get(viewport_width, HEIGHTS[DESKTOP])},
            has_touch=viewport_width == PHONE,
            accept_downloads=True,
        )
        context.set_default_timeout(READ_TIMEOUT_MS)
        context.route(re.compile("^https?:"), only_local)
        opened.append(context)
        return context

    yield make
    for context in opened:
        context.close()
    assert not foreign, f"Pages asked other hosts: {foreign}"


@pytest.fixture
def page(new_context: Callable[[], BrowserContext], request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page of a fresh context; a failing script fails the test, and a failed test leaves a picture."""
    errors: list[str] = []
    opened = new_context().new_page()
    opened.on("pageerror", lambda error: errors.append(str(error)))
    yield opened
    if errors or request.node.stash.get(FAILED, False):
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        name = re.sub(r"[^A-Za-z0-9_.-]+", "-", request.node.nodeid.removeprefix("tests/"))
        opened.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)
    assert not errors, f"Scripts failed on {opened.url}: {errors}"


@pytest.fixture(scope="session")
def desk_site(
    templates: Templates, demo_template: Template, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningSite]:
    """One running demo site per test process for tests that enter data, each about participants of its own."""
    var_dir = tmp_path_factory.mktemp("desk-site") / "var"
    sites.folder_of(demo_template.var_dir, var_dir)
    with templates.clone(demo_template) as url, sites.running(url, var_dir) as site:
        yield site


@pytest.fixture
def desk(desk_site: RunningSite, django_db_blocker: DjangoDbBlocker) -> Iterator[str]:
    """Address of the site to enter data at, with the models of this process pointing at its database."""
    with redirected(desk_site.database_url, django_db_blocker):
        yield desk_site.url


SignIn = Callable[[Page, str, str, str], None]
NewContext = Callable[[], BrowserContext]


@pytest.fixture
def sign_in() -> SignIn:
    """Sign in through the page: `sign_in(page, site_address, username, password)`."""

    def through_the_form(page: Page, site: str, username: str, password: str) -> None:
        page.goto(f"{site}/sign-in/")
        page.get_by_label("User name").fill(username)
        page.get_by_label("Password").fill(password)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(lambda url: "/sign-in" not in url)

    return through_the_form
