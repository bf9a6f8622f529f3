"""A nurse at a running infusion: the rate answers in its place, limits speak, the stop is always there."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from infusion import services as infusions
from infusion.models import RateChange
from tests.browser import scenes
from tests.browser.conftest import PHONE, SignIn
from tests.browser.looks import Complaints, faults, settle
from trial import protocol
from trial.participants.models import Participant
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
    expect(page.locator("#rate-form").get_by_role("status")).to_be_focused()
    expect(page.locator(".current-rate")).to_contain_text("0.1")
    expect(page.locator("[data-chart=rate] canvas")).to_have_count(1)
    assert page.evaluate("window.neverReloaded")


def test_the_wheel_of_the_mouse_changes_no_rate(page: Page, desk: str, study_id: str, sign_in: SignIn) -> None:
    """The control: once the browser is told that the field is a number, the wheel does change it."""
    open_bedside(page, desk, study_id, sign_in)
    rate = page.locator("#rate-form").get_by_label("Rate (mg/kg/h)")
    rate.fill("0.45")
    wheel_over(page, rate)
    expect(rate).to_have_value("0.45")
    rate.evaluate("field => { field.type = 'number'; field.step = 'any' }")
    wheel_over(page, rate)
    expect(rate).not_to_have_value("0.45")


def wheel_over(page: Page, field: Locator) -> None:
    """Turn the wheel with the mouse over the field that has the focus, and wait until the browser has answered."""
    field.hover()
    field.focus()
    page.mouse.wheel(0, 120)
    page.wait_for_timeout(500)


@pytest.mark.parametrize("viewport_width", [PHONE])
def test_a_rate_beyond_the_limit_is_refused_in_words_and_kept_on_the_form(
    page: Page, desk: str, study_id: str, sign_in: SignIn
) -> None:
    open_bedside(page, desk, study_id, sign_in)
    limit = protocol.for_version(protocol.FIRST).limits["rate"].hard_above.decimal
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
    expect(page.locator("#state").get_by_role("alert").filter(has_text="Not up to date")).to_have_count(1)


@pytest.fixture
def alarmed(desk: str) -> str:
    """A running infusion whose last vital signs call for a stop, entered a moment ago."""
    participant = scenes.infused(timedelta(hours=9)).participant
    taken: dict[str, Any] = {
        "systolic": 184,
        "diastolic": 80,
        "heart_rate": 70,
        "respiratory_rate": 8,
        "oxygen_saturation": 88,
    }
    infusions.record_vitals(scenes.person("nurse"), participant, **taken)
    return participant.study_id


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_emergency_is_read_from_across_the_bed(
    page: Page, desk: str, alarmed: str, sign_in: SignIn, theme: str
) -> None:
    open_bedside(page, desk, alarmed, sign_in)
    page.evaluate("theme => { document.documentElement.dataset.bsTheme = theme }", theme)
    alarm = page.locator("#state .bedside-alarm")
    expect(alarm).to_contain_text("Stop the infusion, call the physician")
    for part in (alarm, alarm.locator("strong").first):
        assert contrast(part, alarm) >= 7  # WCAG 2.2, 1.4.6


def contrast(text: Locator, ground: Locator) -> float:
    """The contrast ratio of an element's text on a ground, by WCAG 2.2's relative luminance."""
    colours = (
        text.evaluate("e => getComputedStyle(e).color"),
        ground.evaluate("e => getComputedStyle(e).backgroundColor"),
    )
    light, dark = sorted((luminance(colour) for colour in colours), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    """Relative luminance of an opaque rgb() colour."""
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)]
    assert len(parts) == 3, f"{colour} is not opaque"
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_an_emergency_is_fit_to_be_used_and_a_change_of_rate_breaks_no_policy(
    page: Page, desk: str, alarmed: str, sign_in: SignIn
) -> None:
    complaints = Complaints(page)
    open_bedside(page, desk, alarmed, sign_in)
    assert faults(page) + complaints.taken() == []
    set_rate(page, "0.1")
    expect(page.locator("#rate-form").get_by_role("status")).to_contain_text("Rate 0.1 mg/kg/h recorded")
    expect(page.locator(".current-rate")).to_contain_text("0.1")
    settle(page)
    assert complaints.taken() == []


@pytest.mark.parametrize("viewport_width", [1280])
def test_the_moment_of_a_rate_is_shown_whole(page: Page, desk: str, study_id: str, sign_in: SignIn) -> None:
    open_bedside(page, desk, study_id, sign_in)
    box = page.locator("#rate-form").get_by_label("When").bounding_box()
    assert box is not None
    assert box["width"] >= 240  # month, day, year, hour, minute, half of the day, and the picker


def test_vital_signs_typed_for_another_day_are_corrected_from_the_page(
    page: Page, desk: str, study_id: str, sign_in: SignIn
) -> None:
    participant = Participant.objects.get(study_id=study_id)
    wrong = timezone.now() - timedelta(days=1)
    given: dict[str, Any] = {"systolic": 131, "diastolic": 80, "heart_rate": 70}
    infusions.record_vitals(scenes.person("nurse"), participant, **given, occurred_at=wrong)
    open_bedside(page, desk, study_id, sign_in)
    expect(page.locator("#state")).to_contain_text("No vital signs yet")
    row = page.get_by_role("row").filter(has_text="131/80")
    row.get_by_role("link", name="Correct").click()
    now = timezone.now().astimezone(participant.site.zone)
    page.get_by_label("When").fill(f"{now:%Y-%m-%dT%H:%M}")
    page.get_by_label("Why is this corrected?").fill("day typed wrongly")
    page.get_by_role("button", name="Save the correction").click()
    expect(page.get_by_role("row").filter(has_text="131/80")).to_contain_text("corrected")
    expect(page.locator("#state")).to_contain_text("131/80 mmHg")
