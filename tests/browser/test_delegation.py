"""The PI delegates by keyboard alone; the nurse, who was told what was missing, can then act."""

from __future__ import annotations

from datetime import date

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import NewContext, SignIn
from tests.trial.records import clinic
from trial.audit.context import audited
from trial.permissions import Role
from trial.settings import DEMO_PASSWORD
from trial.users.models import Site, User
from trial.users.services import give_role

MOST_TABS = 60


def newcomer(site: Site) -> User:
    """A nurse by role whose duties nobody has delegated; signs in with the demo's password."""
    user = clinic.make_person(site, username="nadia")
    with audited("system:tests", "set up"):
        user.password = User.objects.get(username="nurse").password
        user.save()
    give_role("system:tests", user=user, site=site, role=Role.NURSE, starts_on=date(2020, 1, 1))
    return user


def reach(page: Page, target: Locator) -> None:
    """Press Tab until the target has the focus."""
    for _ in range(MOST_TABS):
        if target.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{target} is not reached by {MOST_TABS} tabs.")


def test_the_pi_delegates_by_keyboard_and_the_nurse_can_act(
    page: Page, desk: str, sign_in: SignIn, new_context: NewContext
) -> None:
    newcomer(Site.objects.get(code="STL"))
    bedside = new_context().new_page()
    sign_in(bedside, desk, "nadia", DEMO_PASSWORD)
    expect(bedside.get_by_role("heading", level=1)).to_have_text("Your duties are not delegated yet")
    expect(bedside.locator("main")).to_contain_text("Ask the PI, Robin Investigator")

    sign_in(page, desk, "pi", DEMO_PASSWORD)
    reach(page, page.get_by_role("button", name="Trial"))
    page.keyboard.press("Enter")
    reach(page, page.get_by_role("link", name="Delegation", exact=True))
    page.keyboard.press("Enter")
    offered = page.get_by_role("link", name="Delegate to Nadia")
    expect(offered).to_be_visible()
    reach(page, offered)
    page.keyboard.press("Enter")
    person = page.get_by_label("Person and role")
    expect(person.locator("option:checked")).to_have_text("Nadia as nurse at STL")
    reach(page, page.get_by_role("button", name="Delegate", exact=True))
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").first).to_contain_text("The duties are delegated to Nadia.")
    line = page.get_by_role("row").filter(has_text="Nadia")
    expect(line.first).to_contain_text("Robin Investigator")
    expect(line.first).to_contain_text("open")

    bedside.goto(f"{desk}/participants/")
    expect(bedside.get_by_role("heading", level=1)).to_have_text("Participants")
