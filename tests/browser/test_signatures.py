"""A visit is signed at the screen, a score is changed with a reason, and the signature shows as void."""

from __future__ import annotations

from datetime import timedelta

from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from tests.assessments.ratings import rate, scores_of
from tests.browser import scenes
from tests.browser.conftest import SignIn
from trial.settings import DEMO_PASSWORD


def test_a_signed_visit_is_void_after_a_correction(page: Page, desk: str, sign_in: SignIn) -> None:
    participant, psychiatrist = scenes.at_week_2(), scenes.person("psychiatrist")
    at = timezone.now() - timedelta(minutes=5)
    rate(psychiatrist, participant, scores_of("madrs", 2, suicidal_thoughts=0), visit="week_2", mode="phone", at=at)
    visit = f"{desk}{reverse('participants:visit', args=[participant.study_id, 'week_2'])}"
    sign_in(page, desk, "pi", DEMO_PASSWORD)

    page.goto(visit)
    signatures = page.get_by_role("region", name="Signatures").last
    expect(signatures).to_contain_text("Nobody has signed this yet.")
    signatures.get_by_role("link", name="Sign").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Sign: Visit Week 2 of {participant.study_id}")
    expect(page.locator("main")).to_contain_text("Scores, apparent sadness")
    page.get_by_label("Approved:").focus()
    page.keyboard.press("Space")
    page.get_by_label("User name").fill("pi")
    page.get_by_label("Password").fill("not the password")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Nothing was signed")
    expect(page.get_by_label("Password")).to_have_value("")
    expect(page.get_by_label("Approved:")).to_be_checked()
    page.get_by_label("Password").fill(DEMO_PASSWORD)
    page.get_by_role("button", name="Sign", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("Signed by")
    expect(signatures.locator("[data-signature]")).to_have_attribute("data-signature", "valid")
    expect(signatures).to_contain_text("approved")

    page.goto(f"{desk}{reverse('assessments:form', args=[participant.study_id, 'week_2', 'madrs'])}")
    page.locator("[data-item]").first.locator("input[value='4']").check()
    page.get_by_label("Why is this corrected?").fill("misheard on the phone")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("dd").first).to_contain_text("20 of 0 to 60")
    page.goto(visit)
    expect(signatures.locator("[data-signature]")).to_have_attribute("data-signature", "void")
    expect(signatures).to_contain_text("VOID")
    expect(signatures).to_contain_text("Reason: misheard on the phone")
    expect(signatures).to_contain_text("Scores, apparent sadness: 2 → 4")
