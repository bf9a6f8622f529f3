"""Two people on one form at the screen, and a draft that comes back after the browser was killed."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from assessments.models import Assessment
from infusion.models import RateChange, Vitals
from tests.assessments.ratings import rate, scores_of
from tests.browser import scenes
from tests.browser.conftest import NewContext, SignIn
from tests.engines import chromium
from tests.kill.harness import command_of
from trial.participants.models import Participant
from trial.records.models import Draft
from trial.settings import DEMO_PASSWORD

OFFER = "Unsaved draft"


def madrs(site: str, participant: Participant) -> str:
    return f"{site}{reverse('assessments:form', args=[participant.study_id, 'week_2', 'madrs'])}"


def item(page: Page, place: int, score: int) -> None:
    """Choose a score of an item by its number."""
    page.locator("[data-item]").nth(place).locator(f"input[value='{score}']").check()


def rated() -> Participant:
    """A participant whose Week 2 MADRS is recorded, every item 2."""
    participant = scenes.at_week_2()
    at = timezone.now() - scenes.WEEK_2 / 14
    rate(scenes.person("psychiatrist"), participant, scores_of("madrs", 2), visit="week_2", at=at)
    return participant


def test_two_people_correct_one_form_and_the_second_decides_field_by_field_by_keyboard(
    page: Page, desk: str, sign_in: SignIn, new_context: NewContext
) -> None:
    participant = rated()
    other = new_context().new_page()
    for person, who in (("psychiatrist", page), ("pi", other)):
        sign_in(who, desk, person, DEMO_PASSWORD)
        who.goto(madrs(desk, participant))
    for place, score in ((0, 3), (1, 3)):
        item(other, place, score)
    other.get_by_label("Why is this corrected?").fill("heard again on the tape")
    other.get_by_role("button", name="Save correction").click()
    other.wait_for_url("**/saved/**")

    item(page, 0, 4)
    item(page, 2, 5)
    page.get_by_label("Why is this corrected?").fill("typed wrongly")
    page.get_by_role("button", name="Save correction").click()
    panel = page.locator("[data-conflict]")
    expect(panel).to_be_focused()
    expect(panel).to_contain_text("heard again on the tape")
    both = panel.get_by_role("row", name="Apparent sadness")
    expect(both).to_contain_text("both changed it: choose")
    for words in ("2", "3", "4"):
        expect(both).to_contain_text(words)
    expect(panel.locator("[data-sides]")).to_have_count(3)
    expect(page.get_by_label("Why is this corrected?")).to_have_value("typed wrongly")
    page.locator("form[data-items] button[type=submit]").click()
    expect(page.get_by_role("alert").filter(has_text="Both of you changed this")).to_be_visible()

    theirs = both.get_by_label("Take theirs")
    theirs.focus()
    page.keyboard.press("Space")
    expect(page.locator("[data-item]").nth(0).locator("input:checked")).to_have_value("3")
    page.keyboard.press("ArrowDown")
    expect(both.get_by_label("Keep mine")).to_be_checked()
    expect(page.locator("[data-item]").nth(0).locator("input:checked")).to_have_value("4")
    page.locator("form[data-items] button[type=submit]").click()
    page.wait_for_url("**/saved/**")
    row = Assessment.objects.get(participant=participant, instrument="madrs")
    assert list(row.scores.values())[:4] == [4, 3, 5, 2], "mine, theirs, mine, nobody's"
    assert row.version == 3


def end_browser(profile: Path) -> None:
    """Kill every process of the browser on a profile at once, as a power cut would."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and f"--user-data-dir={profile}" in command_of(int(entry.name)):
            with suppress(ProcessLookupError):
                os.kill(int(entry.name), signal.SIGKILL)


def test_a_draft_comes_back_after_the_browser_was_killed_and_to_nobody_else(
    page: Page, browser: Browser, desk: str, sign_in: SignIn, new_context: NewContext, tmp_path: Path
) -> None:
    participant = scenes.at_week_2()
    doomed = browser.browser_type.launch_persistent_context(
        str(tmp_path / "profile"), executable_path=chromium.executable(), args=list(chromium.ARGUMENTS), headless=True
    )
    typing = doomed.new_page()
    sign_in(typing, desk, "psychiatrist", DEMO_PASSWORD)
    typing.goto(madrs(desk, participant))
    for place, score in enumerate((3, 2, 1)):
        item(typing, place, score)
    typing.get_by_label("Why are items not rated?").fill("the call broke off")
    expect(typing.locator(".draft-state")).to_contain_text("Draft saved")
    end_browser(tmp_path / "profile")
    assert not Assessment.objects.filter(participant=participant).exists(), "a draft is no record"

    stranger = new_context().new_page()
    sign_in(stranger, desk, "pi", DEMO_PASSWORD)
    stranger.goto(madrs(desk, participant))
    stranger.wait_for_load_state("networkidle")
    expect(stranger.get_by_role("region", name=OFFER)).to_have_count(0)

    sign_in(page, desk, "psychiatrist", DEMO_PASSWORD)
    page.goto(madrs(desk, participant))
    offer = page.get_by_role("region", name=OFFER)
    expect(offer).to_contain_text("and did not save it")
    offer.get_by_role("button", name="Restore").press("Enter")
    for place, score in enumerate((3, 2, 1)):
        expect(page.locator("[data-item]").nth(place).locator("input:checked")).to_have_value(str(score))
    expect(page.get_by_label("Why are items not rated?")).to_have_value("the call broke off")
    expect(page.locator("[data-total]")).to_contain_text("6 so far, 7 of 10 items open")
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url("**/saved/**")
    assert list(Assessment.objects.get(participant=participant).scores.values()) == [3, 2, 1]
    page.goto(madrs(desk, participant))
    page.wait_for_load_state("networkidle")
    expect(page.get_by_role("region", name=OFFER)).to_have_count(0)


def test_a_draft_of_a_record_that_somebody_changed_since_leads_to_both_sides(
    page: Page, desk: str, sign_in: SignIn, new_context: NewContext
) -> None:
    participant = rated()
    sign_in(page, desk, "psychiatrist", DEMO_PASSWORD)
    page.goto(madrs(desk, participant))
    item(page, 0, 4)
    expect(page.locator(".draft-state")).to_contain_text("Draft saved")
    other = new_context().new_page()
    sign_in(other, desk, "pi", DEMO_PASSWORD)
    other.goto(madrs(desk, participant))
    item(other, 0, 3)
    other.get_by_label("Why is this corrected?").fill("heard again")
    other.get_by_role("button", name="Save correction").click()
    other.wait_for_url("**/saved/**")

    again = new_context().new_page()
    sign_in(again, desk, "psychiatrist", DEMO_PASSWORD)
    again.goto(madrs(desk, participant))
    offer = again.get_by_role("region", name=OFFER)
    expect(offer).to_contain_text("saved since by somebody")
    offer.get_by_role("button", name="Restore").click()
    again.get_by_label("Why is this corrected?").fill("typed wrongly")
    again.get_by_role("button", name="Save correction").click()
    expect(again.locator("[data-conflict]")).to_contain_text("heard again")


def test_without_a_connection_the_form_says_so_and_keeps_trying(page: Page, desk: str, sign_in: SignIn) -> None:
    participant = scenes.at_week_2()
    sign_in(page, desk, "nurse", DEMO_PASSWORD)
    page.goto(f"{desk}{reverse('infusion:vitals', args=[participant.study_id])}")
    page.context.set_offline(True)
    page.get_by_label("Systolic").fill("120")
    state = page.locator(".draft-state")
    expect(state).to_contain_text("No connection")
    page.context.set_offline(False)
    expect(state).to_contain_text("Draft saved")
    assert not Vitals.objects.filter(participant=participant).exists()


def test_the_rate_at_the_bedside_keeps_its_draft_and_ends_it_when_it_is_set(
    page: Page, desk: str, sign_in: SignIn
) -> None:
    infusion = scenes.infused(timedelta(hours=3))
    bedside = f"{desk}{reverse('infusion:detail', args=[infusion.participant.study_id])}"
    sign_in(page, desk, "nurse", DEMO_PASSWORD)
    page.goto(bedside)
    form = page.locator("#rate-form")
    form.get_by_label("Rate (mg/kg/h)").fill("0.1")
    form.get_by_label("Reason", exact=True).fill("nausea")
    expect(form.locator(".draft-state")).to_contain_text("Draft saved")
    page.evaluate("window.onbeforeunload = null")
    page.reload()
    offer = page.locator("#rate-form").get_by_role("region", name=OFFER)
    offer.get_by_role("button", name="Restore").click()
    expect(form.get_by_label("Rate (mg/kg/h)")).to_have_value("0.1")
    form.get_by_role("button", name="Set the rate").click()
    expect(page.locator("#rate-form").get_by_role("status").first).to_contain_text("recorded")
    assert RateChange.objects.filter(infusion=infusion).count() == 2
    address = reverse("infusion:rate", args=[infusion.participant.study_id])
    assert [row.fields for row in Draft.objects.filter(address=address)] == [{}]
