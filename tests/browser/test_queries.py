"""A query at the screen: the monitor asks, the coordinator answers by keyboard alone, the monitor closes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from infusion.services import record_vitals
from tests.browser import scenes
from tests.browser.conftest import DESKTOP, PHONE, NewContext, SignIn
from trial.monitoring.models import DataQuery
from trial.settings import DEMO_PASSWORD


def tab_to(page: Page, text: str, most: int = 80) -> None:
    """Press Tab until the element with this text, or with this label, has the focus."""
    for _ in range(most):
        page.keyboard.press("Tab")
        said = page.evaluate(
            "() => { const e = document.activeElement;"
            " return [e.textContent, ...[...(e.labels || [])].map(l => l.textContent)].join('|'); }"
        )
        if text in said:
            return
    raise AssertionError(f"Tab never came to {text!r}.")


@pytest.mark.parametrize("viewport_width", [DESKTOP, PHONE])
def test_a_query_goes_from_question_to_answer_to_closing(
    page: Page, desk: str, sign_in: SignIn, new_context: NewContext, viewport_width: int
) -> None:
    taken = timezone.now() - timedelta(hours=3)
    participant = scenes.consented(taken - timedelta(days=1))
    readings: dict[str, Any] = {"systolic": 126, "diastolic": 78, "heart_rate": 64}
    record_vitals(scenes.person("nurse"), participant, occurred_at=taken, **readings)

    sign_in(page, desk, "monitor", DEMO_PASSWORD)
    page.goto(f"{desk}{reverse('infusion:detail', args=[participant.study_id])}")
    page.get_by_role("link", name="Query about the vital signs").click()
    page.get_by_label("About").select_option("systolic")
    page.get_by_label("What is in question?").fill("Is 126 as on the ward's sheet?")
    page.get_by_role("button", name="Raise the query").click()
    expect(page.get_by_role("status")).to_contain_text("waits for an answer")

    coordinator = new_context().new_page()
    sign_in(coordinator, desk, "coordinator", DEMO_PASSWORD)
    expect(coordinator.get_by_role("link", name="to answer")).to_be_visible()
    tab_to(coordinator, "to answer")
    coordinator.keyboard.press("Enter")
    expect(coordinator.get_by_role("heading", level=1)).to_have_text("Queries")
    tab_to(coordinator, "Is 126 as on the ward's sheet?", most=200)
    coordinator.keyboard.press("Enter")
    expect(coordinator.get_by_role("heading", name="Thread")).to_be_visible()
    tab_to(coordinator, "Answer")
    coordinator.keyboard.type("Yes, page 4 of the sheet.")
    tab_to(coordinator, "Send the answer")
    coordinator.keyboard.press("Enter")
    expect(coordinator.get_by_role("status")).to_contain_text("The query is answered.")
    expect(coordinator.get_by_role("button", name="Close the query")).to_have_count(0)

    page.goto(f"{desk}{reverse('monitoring:list')}?which=close")
    page.get_by_role("link", name="Is 126 as on the ward's sheet?").first.click()
    expect(page.get_by_role("main")).to_contain_text("Yes, page 4 of the sheet.")
    page.locator("#close_reason").fill("Seen on page 4.")
    page.get_by_role("button", name="Close the query").click()
    expect(page.get_by_role("status")).to_contain_text("The query is closed.")
    query = DataQuery.objects.get(participant=participant)
    assert (query.state, query.outcome, query.thread.count()) == ("closed", "accepted", 3)
