"""A coordinator registers a person, records consent and demographics, and reads what is not known yet."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import SignIn
from trial import protocol
from trial.participants.models import Participant
from trial.settings import DEMO_PASSWORD
from trial.users.models import Site


def test_from_enrolment_to_what_is_still_unknown(page: Page, desk: str, sign_in: SignIn) -> None:
    sign_in(page, desk, "coordinator", DEMO_PASSWORD)
    page.get_by_role("link", name="Participants").click()
    page.get_by_role("link", name="Register a participant").click()
    page.get_by_label("Site").select_option(str(Site.objects.get(code="STL").pk))
    page.get_by_label("Cohort").select_option("patient")
    page.get_by_label("Referral source").select_option("clinician")
    page.get_by_role("button", name="Register").click()
    expect(page.get_by_role("status").first).to_contain_text("is registered. Next: record the signed consent.")
    study_id = page.get_by_role("heading", level=1).inner_text().strip()
    assert re.fullmatch(r"STL-\d{4}-\d", study_id)
    expect(page.locator("main")).to_contain_text("no consent yet")

    page.get_by_role("link", name="Record consent").click()
    page.get_by_label("Version of the consent form").fill("2026-01")
    page.get_by_role("button", name="Record the consent").click()
    expect(page.get_by_role("link", name="Week 2")).to_be_visible()

    page.get_by_role("link", name="Demographics").click()
    page.get_by_label("Age at consent").fill("200")
    page.get_by_role("button", name="Save").click()
    problem = page.get_by_role("alert")
    expect(problem).to_contain_text("Nothing was saved yet")
    expect(page.get_by_label("Age at consent")).to_have_value("200")
    page.get_by_label("Age at consent").fill("41")
    for choice in page.locator("form.record-form select").all():
        if not choice.input_value():
            choice.select_option(index=1)
    for number in page.locator("form.record-form input[type=number]").all():
        if not number.input_value():
            number.fill("12")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").first).to_be_visible()

    page.goto(f"{desk}/participants/{study_id}/eligibility/")
    age = protocol.for_version(protocol.FIRST).eligibility["age"]
    row = page.get_by_role("row").filter(has_text=age.text.text)
    expect(row).to_contain_text("passes")
    expect(row).to_contain_text("41")
    unknown = page.get_by_role("row").filter(has=page.get_by_text("not known", exact=False))
    assert unknown.count() > 5
    for reason in unknown.locator("td").last.all_inner_texts():
        assert len(reason.split()) > 2, reason
    assert Participant.objects.get(study_id=study_id).cohort == "patient"
