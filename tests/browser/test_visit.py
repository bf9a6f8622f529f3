"""A visit is entered at the screen: MADRS by keyboard, CGI-I, totals, the visit done, and who did it when."""

from __future__ import annotations

from django.urls import reverse
from playwright.sync_api import Page, expect

from assessments.models import Assessment
from tests.browser import scenes
from tests.browser.conftest import NewContext, SignIn
from trial.safety.models import Alert
from trial.settings import DEMO_PASSWORD

ITEMS = 10


def type_scores(page: Page, scores: str) -> None:
    """Type one digit for each item; each must reach the item after the one before it."""
    items = page.locator("[data-item]")
    expect(items).to_have_count(len(scores))
    for place, score in enumerate(scores):
        expect(items.nth(place).locator("input:focus")).to_have_count(1)
        page.keyboard.press(score)
        expect(items.nth(place).locator("input:checked")).to_have_value(score)


def test_week_2_is_entered_from_today_to_done(page: Page, desk: str, sign_in: SignIn, new_context: NewContext) -> None:
    study_id = scenes.at_week_2().study_id
    sign_in(page, desk, "psychiatrist", DEMO_PASSWORD)
    page.get_by_role("link", name=f"{study_id} · Week 2").click()
    madrs = page.get_by_role("row", name="Montgomery-Åsberg")
    madrs.get_by_role("link", name="Enter").click()

    type_scores(page, "3212432100")
    expect(page.locator("[data-total]")).to_have_text("Total 18 (0 to 60)")
    expect(page.get_by_role("button", name="Submit rating")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Montgomery-Åsberg Depression Rating Scale")).to_be_visible()
    expect(page.locator("dd").first).to_contain_text("18 of 0 to 60")
    expect(page.locator("main")).to_contain_text("by Pat Psychiatrist")

    page.get_by_role("link", name="Back to the visit").click()
    page.get_by_role("row", name="improvement").get_by_role("link", name="Enter").click()
    type_scores(page, "2")
    page.keyboard.press("Enter")
    page.wait_for_url("**/saved/**")
    page.get_by_role("link", name="Back to the visit").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("done")
    expect(page.get_by_role("row", name="Montgomery-Åsberg").get_by_role("link", name="18")).to_be_visible()

    page.goto(f"{desk}{reverse('participants:detail', args=[study_id])}")
    course = page.get_by_role("region", name="Assessments").last
    expect(course.get_by_role("row", name="Week 2").get_by_role("link", name="18")).to_be_visible()

    recorded = Assessment.objects.get(participant__study_id=study_id, instrument="madrs")
    reader = new_context().new_page()
    sign_in(reader, desk, "monitor", DEMO_PASSWORD)
    reader.goto(f"{desk}{reverse('audit:history', args=['assessments.Assessment', recorded.pk])}")
    entry = reader.locator(f"time[datetime^='{recorded.entered_at:%Y-%m-%dT%H:%M}']").locator("..")
    expect(entry).to_contain_text("by Pat Psychiatrist (psychiatrist)")


def test_a_flagged_item_10_shows_the_steps_and_raises_the_alarm(page: Page, desk: str, sign_in: SignIn) -> None:
    study_id = scenes.at_week_2().study_id
    sign_in(page, desk, "psychiatrist", DEMO_PASSWORD)
    page.goto(f"{desk}{reverse('assessments:form', args=[study_id, 'week_2', 'madrs'])}")
    type_scores(page, "4444444446")
    page.keyboard.press("Enter")
    steps = page.locator("[data-escalation]")
    expect(steps).to_have_attribute("data-escalation", "emergency")
    assert steps.locator("li").count() > 1
    steps.get_by_role("link", name="Open the alert").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Alert about {study_id}, Week 2")
    alert = Alert.objects.get(participant__study_id=study_id)
    assert alert.level == "emergency"
    page.get_by_label("What was done?").fill("x")
    page.get_by_role("button", name="Sign and acknowledge").click()
    expect(page.locator("[data-focus]")).to_contain_text("Say in a few words who did what")
    page.get_by_label("What was done?").fill("Emergency service called, stayed on the line until it came.")
    page.get_by_label("User name").fill("psychiatrist")
    page.get_by_label("Password").fill(DEMO_PASSWORD)
    page.get_by_role("button", name="Sign and acknowledge").click()
    expect(page.get_by_role("status")).to_contain_text(f"The alert about {study_id} is acknowledged, with your sig")
    alert.refresh_from_db()
    assert alert.acted_at is not None


def test_who_is_called_says_i_am_on_it_and_acknowledges(
    page: Page, desk: str, sign_in: SignIn, new_context: NewContext
) -> None:
    study_id = scenes.at_week_2().study_id
    scenes.on_call("psychiatrist", "+1 314 555 0101", backup="pi", backup_phone="+1 314 555 0102")
    sign_in(page, desk, "nurse", DEMO_PASSWORD)
    page.goto(f"{desk}{reverse('assessments:form', args=[study_id, 'week_2', 'madrs'])}")
    type_scores(page, "4444444446")
    page.keyboard.press("Enter")
    call = page.locator("[data-unreached]")
    expect(call).to_contain_text("Nobody has been reached yet: phone Pat Psychiatrist, +1 314 555 0101")
    expect(call).to_contain_text("Then Robin Investigator, +1 314 555 0102 (back-up)")
    for place in (reverse("participants:today"), reverse("infusion:detail", args=[study_id])):
        page.goto(f"{desk}{place}")
        expect(page.locator("[data-unreached]").filter(has_text=study_id)).to_be_visible()

    reached = new_context().new_page()
    sign_in(reached, desk, "psychiatrist", DEMO_PASSWORD)
    alert = Alert.objects.get(participant__study_id=study_id)
    reached.goto(f"{desk}{reverse('safety:alert', args=[alert.pk])}")
    reached.get_by_role("button", name="I am on it").press("Enter")
    expect(reached.get_by_role("status")).to_contain_text("You are on it")
    expect(reached.locator("[data-unreached]")).to_have_count(0)
    reached.get_by_label("What was done?").fill("Spoke by phone, stayed on the line until the ambulance came.")
    reached.get_by_label("User name").fill("psychiatrist")
    reached.get_by_label("Password").fill(DEMO_PASSWORD)
    reached.get_by_role("button", name="Sign and acknowledge").click()
    expect(reached.get_by_role("status")).to_contain_text("is acknowledged")

    page.goto(f"{desk}{reverse('assessments:saved', args=[study_id, 'week_2', 'madrs'])}")
    expect(page.locator("[data-unreached]")).to_have_count(0)
    alert.refresh_from_db()
    assert alert.reached_by == alert.acknowledged_by == scenes.person("psychiatrist")


def test_a_refused_rating_says_what_and_where_and_keeps_what_was_chosen(page: Page, desk: str, sign_in: SignIn) -> None:
    study_id = scenes.at_week_2().study_id
    sign_in(page, desk, "psychiatrist", DEMO_PASSWORD)
    page.goto(f"{desk}{reverse('assessments:form', args=[study_id, 'week_2', 'madrs'])}")
    for score in "32124":
        page.keyboard.press(score)
    page.get_by_role("button", name="Submit rating").click()
    problem = page.locator("[data-focus]")
    expect(problem).to_contain_text("Not submitted yet")
    expect(problem).to_contain_text("Concentration difficulties")
    expect(page.locator("[data-item] input:checked")).to_have_count(5)
    expect(page.locator("[data-total]")).to_have_text(f"12 so far, 5 of {ITEMS} items open")
    problem.get_by_role("link", name="Why are items not rated?").click()
    expect(page.get_by_label("Why are items not rated?")).to_be_in_viewport()
    assert not Assessment.objects.filter(participant__study_id=study_id).exists()


def test_a_digit_that_is_no_score_is_answered_and_chooses_nothing(page: Page, desk: str, sign_in: SignIn) -> None:
    study_id = scenes.at_week_2().study_id
    sign_in(page, desk, "psychiatrist", DEMO_PASSWORD)
    page.goto(f"{desk}{reverse('assessments:form', args=[study_id, 'week_2', 'madrs'])}")
    first = page.locator("[data-item]").first
    page.keyboard.press("9")
    expect(first.get_by_role("status")).to_have_text("9 is no score of this item. It takes 0 to 6; nothing was chosen.")
    expect(first.locator("input:focus")).to_have_count(1)
    expect(first.locator("input:checked")).to_have_count(0)
    page.keyboard.press("3")
    expect(first.get_by_role("status")).to_be_hidden()


def test_a_score_stands_at_the_same_place_in_every_item(page: Page, desk: str, sign_in: SignIn) -> None:
    study_id = scenes.at_week_2().study_id
    sign_in(page, desk, "psychiatrist", DEMO_PASSWORD)
    page.goto(f"{desk}{reverse('assessments:form', args=[study_id, 'week_2', 'madrs'])}")
    boxes = [radio.bounding_box() for radio in page.locator("[data-item] input[value='6']").all()]
    assert len({round(box["x"]) for box in boxes if box}) == 1
    firsts = [radio.bounding_box() for radio in page.locator("[data-item] input[value='0']").all()]
    assert all(zero and six and round(zero["y"]) == round(six["y"]) for zero, six in zip(firsts, boxes, strict=True))
