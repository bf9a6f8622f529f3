"""A nurse at a running infusion: the rate answers in its place, limits speak, the stop is always there."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from infusion.models import RateChange
from tests.browser import scenes
from tests.browser.conftest import PHONE, SignIn
from trial import protocol
from trial.settings import DEMO_PASSWORD

FORMS = ("vitals", "clonidine", "side_effects", "serum", "bag")


@pytest.fixture
def study_id(desk: str) -> str:
    """A participant whose infusion began nine hours ago."""
    return scenes.infused(timedelta(hours=9)).participant.study_id


def open_bedside(page: Page, desk: str, study_id: str, sign_in: SignIn) -> None:
    """Sign in as the nurse and wait until the chart is drawn."""
    sign_in(page, desk, "nurse", DEMO_PASSWORD)
    page.goto(f"{desk}{reverse('infusion:detail', args=[study_id])}")
    expect(page.locator("[data-chart=rate] canvas")).to_have_count(1)


def set_rate(page: Page, rate: str) -> None:
    """Fill the rate form and send it."""
    form = page.locator("#rate-form")
    form.get_by_label("Rate (mg/kg/h)").fill(rate)
    form.get_by_label("Reason", exact=True).fill("sedation")
    form.get_by_role("button", name="Set the rate").click()


def test_a_lower_rate_is_taken_in_place_and_the_chart_follows(
    page: Page, desk: str, study_id: str, sign_in: SignIn
) -> None:
    open_bedside(page, desk, study_id, sign_in)
    page.evaluate("window.neverReloaded = true")
    with page.expect_response(lambda answer: answer.url.endswith("/course/")) as course:
        set_rate(page, "0.1")
    assert course.value.json()["rate"]["rate"][-1] == 0.1
    expect(page.locator("#rate-form").get_by_role("status")).to_contain_text("Rate 0.1 mg/kg/h recorded")
    expect(page.locator(".current-rate")).to_contain_text("0.1")
    expect(page.locator("[data-chart=rate] canvas")).to_have_count(1)
    assert page.evaluate("window.neverReloaded")


@pytest.mark.parametrize("viewport_width", [PHONE])
def test_a_rate_beyond_the_limit_is_refused_in_words_and_kept_on_the_form(
    page: Page, desk: str, study_id: str, sign_in: SignIn
) -> None:
    open_bedside(page, desk, study_id, sign_in)
    limit = protocol.for_version(protocol.CURRENT).limits["rate"].hard_above.decimal
    too_high = limit + 1
    set_rate(page, str(too_high))
    refusal = page.locator("#rate-form").get_by_role("alert")
    expect(refusal).to_contain_text("Nothing was saved yet")
    expect(refusal).to_contain_text(str(limit.normalize()))
    expect(refusal).to_contain_text("mg/kg/h")
    expect(page.locator("#rate-form").get_by_label("Rate (mg/kg/h)")).to_have_value(str(too_high))
    expect(page.locator(".current-rate")).to_contain_text("0.15")
    assert RateChange.objects.filter(participant__study_id=study_id).count() == 1


@pytest.mark.parametrize("viewport_width", [PHONE])
def test_the_stop_is_in_reach_on_every_page_of_the_bedside_and_stops(
    page: Page, desk: str, study_id: str, sign_in: SignIn
) -> None:
    open_bedside(page, desk, study_id, sign_in)
    stop = page.get_by_role("link", name="Stop")
    for name in FORMS:
        page.goto(f"{desk}{reverse(f'infusion:{name}', args=[study_id])}")
        expect(stop).to_be_in_viewport()
        box = stop.bounding_box()
        assert box is not None, name
        assert box["height"] >= 44, name
    stop.click()
    page.get_by_role("button", name="Stop the infusion").click()
    expect(page.locator("#state")).to_contain_text("stopped early")
    expect(page.locator("#rate-form")).to_have_count(0)


@pytest.mark.parametrize("viewport_width", [PHONE])
def test_a_refresh_that_fails_says_that_the_state_is_old(page: Page, desk: str, study_id: str, sign_in: SignIn) -> None:
    open_bedside(page, desk, study_id, sign_in)
    page.route("**/state/", lambda route: route.abort())
    set_rate(page, "0.05")
    expect(page.locator("#state").get_by_role("alert")).to_contain_text("Not up to date")
