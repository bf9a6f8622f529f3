"""Two people on one form at the screen; drafts and interviews that come back after the browser was killed."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Dialog, Page, expect

from assessments.models import Assessment, Interview
from assessments.services import correct_assessment
from infusion.models import RateChange
from tests.browser.conftest import NewContext
from tests.engines import chromium
from tests.engines.site import RunningSite
from tests.infusion.ward import start
from tests.kill.harness import command_of
from tests.trial.records.forms_sent import SENT, Desk, rated
from trial.records.models import Draft
from trial.users.models import User

OFFER = "Unsaved draft"
MISSED = "form[action$='/missed/']"
STATE = "[data-answers-part=state]"
# Longer than a page waits before it keeps what was answered.
SETTLED_MS = 3_000


class Place:
    """A running site without the demo cohort, and a ward with somebody who holds every role."""

    def __init__(self, url: str) -> None:
        self.url, self.desk = url, Desk()
        self.participant = self.desk.participant

    @property
    def madrs(self) -> str:
        return f"{self.url}{reverse('assessments:form', args=[self.participant.study_id, 'baseline', 'madrs'])}"

    @property
    def visit(self) -> str:
        return f"{self.url}{reverse('participants:visit', args=[self.participant.study_id, 'baseline'])}"

    def let_in(self, context: BrowserContext, person: User) -> Page:
        """A page of somebody who is signed in."""
        client = Client()
        client.force_login(person)
        name = settings.SESSION_COOKIE_NAME
        context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": self.url}])
        return context.new_page()

    def both(self, new_context: NewContext) -> tuple[Page, Page]:
        """The form of the MADRS open before two people."""
        pages = tuple(self.let_in(new_context(), who) for who in (self.desk.person, self.desk.other()))
        for page in pages:
            page.goto(self.madrs)
        return pages[0], pages[1]


@pytest.fixture
def place(cloned_orm: str, running_site: RunningSite) -> Place:
    return Place(running_site.url)


def item(page: Page, place: int, score: int) -> None:
    """Choose a score of an item by its number."""
    page.locator("[data-item]").nth(place).locator(f"input[value='{score}']").check()


def test_two_people_correct_one_form_and_the_second_decides_field_by_field_by_keyboard(
    browser: Browser, place: Place, new_context: NewContext
) -> None:
    rated(place.desk)
    page, other = place.both(new_context)
    for number, score in ((0, 3), (1, 3)):
        item(other, number, score)
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
    for words in ("1", "3", "4"):
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
    row = Assessment.objects.get()
    assert list(row.scores.values())[:4] == [4, 3, 5, 1], "mine, theirs, mine, nobody's"
    assert row.version == 3


def end_browser(profile: Path) -> None:
    """Kill every process of the browser on a profile at once, as a power cut would."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and f"--user-data-dir={profile}" in command_of(int(entry.name)):
            with suppress(ProcessLookupError):
                os.kill(int(entry.name), signal.SIGKILL)


@pytest.fixture
def doomed(browser: Browser, tmp_path: Path) -> Iterator[BrowserContext]:
    """A browser of its own, on a profile by which it is killed."""
    context = browser.browser_type.launch_persistent_context(
        str(tmp_path / "profile"), executable_path=chromium.executable(), args=list(chromium.ARGUMENTS), headless=True
    )
    yield context
    end_browser(tmp_path / "profile")


def test_a_draft_comes_back_after_the_browser_was_killed_and_to_nobody_else(
    doomed: BrowserContext, place: Place, new_context: NewContext, tmp_path: Path
) -> None:
    typing = place.let_in(doomed, place.desk.person)
    typing.goto(place.visit)
    typing.get_by_label("In words").fill("snowed in")
    expect(typing.locator(MISSED).locator(".draft-state")).to_contain_text("Draft saved")
    end_browser(tmp_path / "profile")
    assert place.participant.visits.get(code="baseline").state == "planned", "a draft is no record"

    stranger = place.let_in(new_context(), place.desk.other())
    stranger.goto(place.visit)
    stranger.wait_for_load_state("networkidle")
    expect(stranger.get_by_role("region", name=OFFER)).to_have_count(0)

    page = place.let_in(new_context(), place.desk.person)
    page.goto(place.visit)
    offer = page.get_by_role("region", name=OFFER)
    expect(offer).to_contain_text("and did not save it")
    offer.get_by_role("button", name="Restore").press("Enter")
    expect(page.get_by_label("In words")).to_have_value("snowed in")
    page.get_by_label("Why was it missed?").select_option("other")
    page.get_by_role("button", name="Mark as missed").click()
    expect(page.get_by_text("Missed: another reason: snowed in")).to_be_visible()
    page.goto(place.visit)
    page.wait_for_load_state("networkidle")
    expect(page.get_by_role("region", name=OFFER)).to_have_count(0)


def test_an_interview_goes_on_in_a_colleagues_browser_after_the_first_was_killed(
    doomed: BrowserContext, place: Place, new_context: NewContext, tmp_path: Path
) -> None:
    typing = place.let_in(doomed, place.desk.person)
    typing.goto(place.madrs)
    for number, score in enumerate((3, 2, 1)):
        item(typing, number, score)
    typing.get_by_label("Why are items not rated?").fill("the call broke off")
    expect(typing.locator(STATE)).to_contain_text("3 of 10 items")
    end_browser(tmp_path / "profile")
    assert not Assessment.objects.exists(), "an interview in progress is no rating"
    assert not Draft.objects.exists(), "it is kept once"

    page = place.let_in(new_context(), place.desk.other())
    page.goto(place.visit)
    row = page.get_by_role("row", name="Montgomery")
    expect(row).to_contain_text("in progress: 3 of 10 items")
    row.get_by_role("link", name="Go on").press("Enter")
    for number, score in enumerate((3, 2, 1)):
        expect(page.locator("[data-item]").nth(number).locator("input:checked")).to_have_value(str(score))
    expect(page.get_by_label("Why are items not rated?")).to_have_value("the call broke off")
    expect(page.locator("[data-total]")).to_contain_text("6 so far, 7 of 10 items open")
    page.get_by_role("button", name="Submit rating").click()
    page.wait_for_url("**/saved/**")
    assert list(Assessment.objects.get().scores.values()) == [3, 2, 1]


def test_two_interviewers_are_told_and_the_second_decides_item_by_item(place: Place, new_context: NewContext) -> None:
    page, other = place.both(new_context)
    for number, score in ((0, 3), (1, 3)):
        item(other, number, score)
    expect(other.locator(STATE)).to_contain_text("2 of 10 items")
    for number, score in ((0, 4), (2, 5)):
        item(page, number, score)
    expect(page.locator(STATE)).to_contain_text("gave other answers")
    assert list(Interview.objects.get().scores.values()) == [3, 3]

    page.get_by_role("button", name="See both sides").press("Enter")
    panel = page.locator("[data-conflict]")
    expect(panel).to_be_focused()
    both = panel.get_by_role("row", name="Apparent sadness")
    expect(both).to_contain_text("both changed it: choose")
    page.wait_for_timeout(SETTLED_MS)
    assert list(Interview.objects.get().scores.values()) == [3, 3], "nothing is kept before it is decided"
    both.get_by_label("Keep mine").check()
    panel.get_by_role("row", name="Rater").get_by_label("Keep mine").check()
    expect(page.locator(STATE)).to_contain_text("3 of 10 items")
    assert list(Interview.objects.get().scores.values()) == [4, 3, 5], "mine, theirs, mine"


def test_answers_wait_for_the_connection_and_leaving_asks_nothing_once_they_are_kept(
    place: Place, new_context: NewContext
) -> None:
    page = place.let_in(new_context(), place.desk.person)
    page.goto(place.madrs)
    page.context.set_offline(True)
    item(page, 0, 3)
    expect(page.locator(STATE)).to_contain_text("not kept yet")
    page.context.set_offline(False)
    expect(page.locator(STATE)).to_contain_text("1 of 10 items")
    item(page, 1, 2)
    page.get_by_role("link", name="Back to the visit").click()
    expect(page.get_by_role("row", name="Montgomery")).to_contain_text("in progress: 2 of 10 items")


def test_back_shows_a_colleagues_answers_and_never_puts_ones_own_old_ones_over_them(
    place: Place, new_context: NewContext
) -> None:
    page = place.let_in(new_context(), place.desk.person)
    page.goto(place.madrs)
    item(page, 9, 0)
    expect(page.locator(STATE)).to_contain_text("1 of 10 items")
    page.get_by_role("link", name="Back to the visit").click()
    other = place.let_in(new_context(), place.desk.other())
    other.goto(place.madrs)
    item(other, 9, 6)
    expect(other.locator("[data-escalation=emergency]")).to_be_in_viewport()
    page.go_back()
    expect(page.locator("[data-item]").nth(9).locator("input:checked")).to_have_value("6")
    item(page, 0, 2)
    expect(page.locator(STATE)).to_contain_text("2 of 10 items")
    assert Interview.objects.get().scores == {"apparent_sadness": 2, "suicidal_thoughts": 6}


def test_a_rating_that_the_site_does_not_take_stays_on_its_page(place: Place, new_context: NewContext) -> None:
    page = place.let_in(new_context(), place.desk.person)
    page.goto(place.madrs)
    page.get_by_label("Why are items not rated?").fill("the call broke off")
    page.context.set_offline(True)
    item(page, 9, 5)
    page.get_by_role("button", name="Submit rating").click()
    expect(page.locator(STATE).get_by_role("alert")).to_contain_text("nothing is submitted")
    steps = page.locator("[data-escalation=urgent]")
    expect(steps).to_contain_text("Stay with the participant")
    expect(steps).to_contain_text("nobody has been told")
    expect(page.locator("[data-item]").nth(9).locator("input:checked")).to_have_value("5")
    page.context.set_offline(False)
    expect(page.locator(STATE)).to_contain_text("1 of 10 items")
    expect(steps).not_to_contain_text("nobody has been told")
    expect(steps.get_by_role("link", name="Open the alert")).to_be_visible()
    page.get_by_role("button", name="Submit rating").click()
    page.wait_for_url("**/saved/**")
    assert Assessment.objects.get().scores == {"suicidal_thoughts": 5}


def test_a_site_that_hangs_is_called_silent_and_the_page_says_what_the_score_calls_for(
    place: Place, new_context: NewContext
) -> None:
    page = place.let_in(new_context(), place.desk.person)
    page.goto(place.madrs)
    page.route("**/answers/", lambda route: None)
    item(page, 9, 4)
    expect(page.locator("[data-untold]")).to_contain_text("Stay with the participant", timeout=20_000)
    item(page, 9, 0)
    expect(page.locator("[data-untold]")).to_have_count(0, timeout=20_000)
    page.unroute("**/answers/")
    expect(page.locator(STATE)).to_contain_text("1 of 10 items", timeout=20_000)
    assert Interview.objects.get().scores == {"suicidal_thoughts": 0}


def test_an_interview_goes_on_after_signing_in_again_on_another_page(place: Place, new_context: NewContext) -> None:
    context = new_context()
    page = place.let_in(context, place.desk.person)
    page.goto(place.madrs)
    item(page, 0, 1)
    expect(page.locator(STATE)).to_contain_text("1 of 10 items")
    context.clear_cookies()
    item(page, 1, 2)
    expect(page.get_by_role("dialog", name="Covered")).to_be_visible()
    place.let_in(context, place.desk.person).goto(place.madrs)
    page.get_by_role("button", name="I have signed in").click()
    expect(page.locator(STATE)).to_contain_text("2 of 10 items")
    assert Interview.objects.get().scores == {"apparent_sadness": 1, "reported_sadness": 2}


def test_enter_in_the_middle_of_the_interview_goes_on_and_submits_nothing(
    place: Place, new_context: NewContext
) -> None:
    page = place.let_in(new_context(), place.desk.person)
    page.goto(place.madrs)
    page.keyboard.press("3")
    page.keyboard.press("Enter")
    expect(page.locator("[data-item]").nth(1).locator("input:focus")).to_have_count(1)
    page.keyboard.press("2")
    expect(page.locator(STATE)).to_contain_text("2 of 10 items")
    assert page.url == place.madrs
    assert not Assessment.objects.exists()


def test_what_was_done_about_an_alert_comes_back_and_who_signs_is_typed_anew(
    place: Place, new_context: NewContext
) -> None:
    alert = f"{place.url}{SENT['safety:acknowledge'](place.desk).page}"
    context = new_context()
    page = place.let_in(context, place.desk.person)
    page.goto(alert)
    page.get_by_label("Password").fill("not for a draft")
    page.locator("[name=action_taken]").fill("Called twice, the sister answered")
    expect(page.get_by_text("Draft saved")).to_be_visible(timeout=15_000)
    assert set(Draft.objects.get().fields) & {"username", "password", "action_taken"} == {"action_taken"}
    again = context.new_page()
    again.goto(alert)
    again.get_by_role("region", name=OFFER).get_by_role("button", name="Restore").click()
    expect(again.locator("[name=action_taken]")).to_have_value("Called twice, the sister answered")
    expect(again.get_by_label("Password")).to_have_value("")


def test_a_draft_of_a_record_that_somebody_changed_since_leads_to_both_sides(
    browser: Browser, place: Place, new_context: NewContext
) -> None:
    rated(place.desk)
    page = place.let_in(new_context(), place.desk.person)
    page.goto(place.madrs)
    item(page, 0, 4)
    expect(page.locator(".draft-state")).to_contain_text("Draft saved")
    row = Assessment.objects.get()
    given: dict[str, Any] = {"scores": {**row.scores, "apparent_sadness": 3}, "mode": row.mode, "rater": row.rater}
    correct_assessment(place.desk.other(), row, version=1, reason="heard again", occurred_at=row.occurred_at, **given)

    again = place.let_in(new_context(), place.desk.person)
    again.goto(place.madrs)
    offer = again.get_by_role("region", name=OFFER)
    expect(offer).to_contain_text("saved since by somebody")
    offer.get_by_role("button", name="Restore").click()
    again.get_by_label("Why is this corrected?").fill("typed wrongly")
    again.get_by_role("button", name="Save correction").click()
    expect(again.locator("[data-conflict]")).to_contain_text("heard again")


def test_a_bedside_draft_waits_for_the_connection_and_ends_when_the_rate_is_set(
    browser: Browser, place: Place, new_context: NewContext
) -> None:
    infusion = start(place.desk.ward, occurred_at=timezone.now() - timedelta(hours=3))
    page = place.let_in(new_context(), place.desk.person)
    bedside = f"{place.url}{reverse('infusion:detail', args=[place.participant.study_id])}"
    page.goto(bedside)
    form = page.locator("#rate-form")
    page.context.set_offline(True)
    form.get_by_label("Rate (mg/kg/h)").fill("0.1")
    form.get_by_label("Reason", exact=True).fill("nausea")
    state = form.locator(".draft-state")
    expect(state).to_contain_text("No connection")
    page.context.set_offline(False)
    expect(state).to_contain_text("Draft saved")
    again = page.context.new_page()
    again.goto(bedside)
    form = again.locator("#rate-form")
    form.get_by_role("region", name=OFFER).get_by_role("button", name="Restore").click()
    expect(form.get_by_label("Rate (mg/kg/h)")).to_have_value("0.1")
    form.get_by_role("button", name="Set the rate").click()
    expect(form.get_by_role("status").filter(has_text="recorded")).to_be_visible()
    assert RateChange.objects.filter(infusion=infusion).count() == 2
    address = reverse("infusion:rate", args=[place.participant.study_id])
    assert [row.fields for row in Draft.objects.filter(address=address)] == [{}]
    asked: list[str] = []

    def note(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    again.on("dialog", note)
    again.goto(place.visit)
    assert asked == [], "what is saved is not asked about"
