"""A visit is signed at the screen, a score is changed with a reason, and the signature shows as void."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect
from pytest_django import Settings
from pytest_django.plugin import DjangoDbBlocker

from tests.browser.conftest import SignIn
from tests.conftest import redirected
from tests.engines.site import RunningSite
from tests.trial.signatures.clinic import PASSWORD, Clinic, make_clinic


@pytest.fixture
def clinic(running_site: RunningSite, django_db_blocker: DjangoDbBlocker, settings: Settings) -> Iterator[Clinic]:
    """A participant with a MADRS at the screening visit, in the database of a running site that hashes by Argon2."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
    with redirected(running_site.database_url, django_db_blocker):
        yield make_clinic()


def test_a_signed_visit_is_void_after_a_correction(
    page: Page, clinic: Clinic, running_site: RunningSite, sign_in: SignIn
) -> None:
    person, site = clinic.participant.study_id, running_site.url
    visit = f"{site}{reverse('participants:visit', args=[person, 'screening'])}"
    sign_in(page, site, clinic.pi.username, PASSWORD)

    page.goto(visit)
    signatures = page.get_by_role("region", name="Signatures").last
    expect(signatures).to_contain_text("Nobody has signed this yet.")
    signatures.get_by_role("link", name="Sign").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Sign: Visit Screening of {person}")
    expect(page.locator("main")).to_contain_text("Scores, apparent sadness")
    page.get_by_label("Approved:").focus()
    page.keyboard.press("Space")
    page.get_by_label("User name").fill(clinic.pi.username)
    page.get_by_label("Password").fill("not the password")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Nothing was signed")
    expect(page.get_by_label("Password")).to_have_value("")
    expect(page.get_by_label("Approved:")).to_be_checked()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("Signed by")
    expect(signatures.locator("[data-signature]")).to_have_attribute("data-signature", "valid")
    expect(signatures).to_contain_text("approved")

    page.goto(f"{site}{reverse('assessments:form', args=[person, 'screening', 'madrs'])}")
    page.locator("[data-item]").first.locator("input[value='4']").check()
    page.get_by_label("Why is this corrected?").fill("misheard on the phone")
    page.get_by_role("button", name="Save correction").click()
    expect(page.locator("dd").first).to_contain_text("28 of 0 to 60")
    page.goto(visit)
    expect(signatures.locator("[data-signature]")).to_have_attribute("data-signature", "void")
    expect(signatures).to_contain_text("VOID")
    expect(signatures).to_contain_text("Reason: misheard on the phone")
    expect(signatures).to_contain_text("Scores, apparent sadness: 3 → 4")
