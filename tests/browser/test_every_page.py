"""Every page that the menu or a participant leads to, for every role: it answers, fits, reads and stays quiet."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from urllib.parse import urlsplit

import pytest
from django.urls import Resolver404, resolve
from playwright.sync_api import BrowserContext, Page

from tests.browser import scenes
from tests.browser.conftest import NewContext, SignIn
from tests.browser.looks import Complaints, faults, settle
from trial.participants.models import Participant
from trial.safety.models import Alert
from trial.settings import DEMO_PASSWORD

ROLES = ("pi", "psychiatrist", "coordinator", "nurse", "imaging", "datamanager", "monitor", "admin")
LINK = re.compile(r'(?:href|hx-get)="(/[^"#]*)')
# Pages of one view differ by these; of the views about a whole participant each chosen one is looked at.
DIFFER = ("slug", "instrument")
ABOUT_ONE = ("participants:detail", "infusion:detail", "infusion:panel", "assessments:panel", "imaging:panel")
FILES = ("reports:pdf", "reports:results")


def kind_of(address: str) -> tuple[str, ...] | None:
    """The view an address leads to, with what makes its pages differ; None for files and what is not ours."""
    try:
        match = resolve(urlsplit(address).path)
    except Resolver404:
        return None
    if match.view_name in FILES:
        return None
    names = (*DIFFER, "study_id") if match.view_name in ABOUT_ONE else DIFFER
    return (match.view_name, *(str(match.kwargs[name]) for name in names if name in match.kwargs))


class Walk:
    """One account's way through the site: each kind of page once, about the chosen participants only."""

    def __init__(self, context: BrowserContext, site: str, study_ids: list[str]) -> None:
        self.context, self.site, self.study_ids = context, site, study_ids
        self.seen: set[tuple[str, ...]] = set()
        self.unanswered: list[str] = []

    def pages(self) -> Iterator[tuple[tuple[str, ...], str, bool]]:
        """Each kind with an address and whether it is a whole page, following the links of every answer."""
        waiting = ["/", *(f"/participants/{study_id}/" for study_id in self.study_ids)]
        for address in waiting:
            kind = kind_of(address)
            if kind is None or kind in self.seen or not self._is_ours(address):
                continue
            answer = self.context.request.get(f"{self.site}{address}")
            if answer.status == 403 and address in waiting[1 : len(self.study_ids) + 1]:
                continue
            self.seen.add(kind)
            if answer.status != 200:
                self.unanswered.append(f"{address} answers {answer.status}")
                continue
            text = answer.text()
            waiting += [unescape(found) for found in LINK.findall(text)]
            yield kind, address, "<html" in text

    def _is_ours(self, address: str) -> bool:
        named = re.findall(r"[A-Z]{3}-\d{4}-\d", address)
        return not named or named[0] in self.study_ids


@pytest.fixture
def study_ids(desk: str) -> list[str]:
    """A running infusion, a call that is due, a participant with alarms, and a control."""
    alarmed = Alert.objects.order_by("participant__study_id").values_list("participant__study_id", flat=True)[0]
    control = Participant.objects.filter(cohort="control").order_by("study_id")[0].study_id
    running = scenes.infused(timedelta(hours=9)).participant.study_id
    return [running, scenes.at_week_2().study_id, str(alarmed), control]


@pytest.mark.slow
@pytest.mark.endurance
@pytest.mark.timeout(1800)
def test_every_page_of_every_role_is_fit_to_be_used(
    desk: str, study_ids: list[str], new_context: NewContext, sign_in: SignIn
) -> None:
    looked: set[tuple[str, ...]] = set()
    wrong: list[str] = []
    for role in ROLES:
        context = new_context()
        page = context.new_page()
        complaints = Complaints(page)
        sign_in(page, desk, role, DEMO_PASSWORD)
        walk = Walk(context, desk, study_ids)
        for kind, address, is_page in walk.pages():
            if is_page and kind not in looked:
                looked.add(kind)
                wrong += [f"{role} {address} {fault}" for fault in look_at(page, f"{desk}{address}", complaints)]
        wrong += [f"{role} {missing}" for missing in walk.unanswered]
        context.close()
    assert not wrong, "\n".join(wrong)
    assert len(looked) > 40, sorted(looked)


def look_at(page: Page, address: str, complaints: Complaints) -> list[str]:
    """Open a page and say everything that is wrong with it."""
    page.goto(address)
    settle(page)
    return faults(page) + complaints.taken()


def test_the_sign_in_page_is_fit_to_be_used(shared_demo_site: str, page: Page) -> None:
    assert look_at(page, f"{shared_demo_site}/sign-in/", Complaints(page)) == []
