"""T15: a session ends by what people do, not by what timers ask; an open page goes on by password alone."""

from __future__ import annotations

import logging
import re
from typing import Any, cast

import pytest
from django.conf import settings
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.trial.records import clinic
from tests.trial.users.clock import Clock
from trial.audit.context import audited
from trial.permissions import Role
from trial.users.models import Site, User
from trial.users.sessions.actions import MARK

PAGE, SESSION, REOPEN, SIGN_IN = "/protocol/", "/session/", "/session/reopen/", "/sign-in/"
IDLE, ABSOLUTE = settings.SESSION_IDLE_SECONDS, settings.SESSION_ABSOLUTE_SECONDS
POLL = {"HX-Request": "true"}
ACTION = {"HX-Request": "true", MARK: "1"}


@pytest.fixture
def client(nora: User, clock: Clock) -> Client:
    browser = Client()
    browser.post(SIGN_IN, {"username": "nora", "password": clinic.PASSWORD})
    return browser


def status(client: Client, address: str = PAGE, **headers: str) -> int:
    return client.get(address, headers=headers).status_code


def left(client: Client) -> float:
    return float(client.get(SESSION, headers={"Sec-Fetch-Mode": "cors"}).json()["left"])


def reopen(client: Client, password: str = clinic.PASSWORD, **more: str) -> Any:
    return cast("HttpResponse", client.post(REOPEN, {"password": password, **more}))


def test_the_limits_are_a_quarter_of_an_hour_and_twelve_hours() -> None:
    assert (IDLE, ABSOLUTE) == (15 * 60, 12 * 3600)


def test_a_session_ends_a_quarter_of_an_hour_after_the_last_action(client: Client, clock: Clock) -> None:
    clock.pass_by(IDLE - 1)
    assert status(client) == 200
    clock.pass_by(IDLE - 1)
    assert status(client) == 200
    clock.pass_by(IDLE)
    answer = client.get(PAGE)
    assert (answer.status_code, answer["Location"]) == (302, f"{SIGN_IN}?next={PAGE}")
    assert "nora" not in client.get(SIGN_IN).content.decode().lower()


def test_it_ends_after_twelve_hours_whatever_is_done(client: Client, clock: Clock) -> None:
    for _ in range(ABSOLUTE // 600 - 1):
        clock.pass_by(600)
        assert status(client) == 200
    clock.pass_by(600)
    assert status(client) == 302


@pytest.mark.parametrize(
    ("headers", "is_action"),
    [
        ({}, True),
        ({"Sec-Fetch-Mode": "navigate"}, True),
        (ACTION, True),
        ({"Sec-Fetch-Mode": "cors", MARK: "1"}, True),
        (POLL, False),
        ({"Sec-Fetch-Mode": "cors"}, False),
        ({"Sec-Fetch-Mode": "cors", **POLL}, False),
        ({"Sec-Fetch-Mode": "no-cors"}, False),
        ({MARK: "0", **POLL}, False),
    ],
)
def test_only_a_person_keeps_a_session(client: Client, clock: Clock, headers: dict[str, str], is_action: bool) -> None:
    for _ in range(3):
        clock.pass_by(IDLE * 0.4)
        answer = status(client, **headers)
    assert answer == (200 if is_action else 401 if "HX-Request" in headers else 302)


def test_asking_how_the_session_stands_is_no_action_and_saying_that_one_acts_is(client: Client, clock: Clock) -> None:
    clock.pass_by(IDLE - 10)
    assert left(client) == left(client) == 10
    client.post(SESSION, headers={"Sec-Fetch-Mode": "cors"})
    assert left(client) == 10
    client.post(SESSION, headers={"Sec-Fetch-Mode": "cors", MARK: "1"})
    assert left(client) == IDLE


def test_an_open_interview_lasts_by_its_marked_pings_and_not_beyond_twelve_hours(client: Client, clock: Clock) -> None:
    for _ in range(ABSOLUTE // 60 - 1):
        clock.pass_by(60)
        assert client.post(SESSION, headers={"Sec-Fetch-Mode": "cors", MARK: "1"}).json()["left"] > 0
    clock.pass_by(60)
    assert client.post(SESSION, headers={MARK: "1"}).json()["left"] == 0
    assert status(client) == 302


def test_an_over_session_cannot_be_kept_by_saying_that_one_acts(client: Client, clock: Clock) -> None:
    clock.pass_by(IDLE)
    assert client.post(SESSION, headers={MARK: "1"}).json()["left"] == 0
    assert status(client) == 302


def test_a_sign_in_by_the_test_client_starts_to_count(nora: User, clock: Clock) -> None:
    browser = Client()
    browser.force_login(nora)
    session = browser.session
    for mark in ("signed_in_at", "acted_at"):
        del session[mark]
    session.save()
    assert status(browser) == 200
    clock.pass_by(IDLE)
    assert status(browser) == 302


def test_the_same_account_goes_on_by_password_with_the_token_its_page_has(nora: User, clock: Clock) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.get(SIGN_IN)
    token = browser.cookies["csrftoken"].value
    browser.post(SIGN_IN, {"username": "nora", "password": clinic.PASSWORD, "csrfmiddlewaretoken": token})
    browser.get(PAGE)
    token, before = browser.cookies["csrftoken"].value, browser.session.session_key
    clock.pass_by(IDLE)
    assert browser.post(REOPEN, {"password": clinic.PASSWORD}).status_code == 403
    asked = {"password": clinic.PASSWORD, "csrfmiddlewaretoken": token}
    answer = browser.post(REOPEN, asked)
    assert (answer.status_code, answer.json()["left"]) == (200, IDLE)
    assert browser.session.session_key != before
    assert browser.cookies["csrftoken"].value == token
    assert status(browser) == 200


def test_going_on_does_not_start_the_twelve_hours_anew(client: Client, clock: Clock) -> None:
    clock.pass_by(ABSOLUTE - 60)
    assert reopen(client).json()["left"] == 60
    clock.pass_by(60)
    assert status(client) == 302
    assert reopen(client).json()["left"] == IDLE
    clock.pass_by(60)
    assert status(client) == 200


def test_an_ended_session_that_is_opened_again_asks_for_what_is_due_meanwhile(
    nora: User, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "PASSWORD_MAX_AGE_DAYS", 1)
    with audited("system:test", "a new password"):
        User.objects.filter(pk=nora.pk).update(password_set_at=clock.at)
    browser = Client()
    clock.pass_by(13 * 3600)
    browser.post(SIGN_IN, {"username": "nora", "password": clinic.PASSWORD})
    assert status(browser) == 200, "the control: the password is young enough"
    clock.pass_by(ABSOLUTE + 1)
    assert reopen(browser).status_code == 200
    answer = browser.get(PAGE)
    assert (answer.status_code, answer["Location"]) == (302, "/account/password/")


def test_a_wrong_password_opens_nothing_and_counts_as_a_guess(client: Client, clock: Clock) -> None:
    clock.pass_by(IDLE)
    for _ in range(settings.AXES_FAILURE_LIMIT):
        answer = reopen(client, "not it")
        assert answer.status_code == 422
        assert "locked for a while" in answer.json()["message"]
    assert reopen(client).status_code == 422
    clock.pass_by(settings.SIGN_IN_LOCK_SECONDS + 1)
    assert reopen(client).status_code == 200


def test_opening_again_is_logged(client: Client, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="trial.users.signing")
    clock.pass_by(IDLE)
    reopen(client)
    assert "reopened: nora" in caplog.messages


def test_a_covered_page_can_be_left(client: Client, clock: Clock) -> None:
    clock.pass_by(IDLE)
    assert client.post("/sign-out/")["Location"] == SIGN_IN
    assert reopen(client)["Location"].startswith(SIGN_IN)


def test_a_page_knows_how_long_its_session_lasts(client: Client, clock: Clock) -> None:
    clock.pass_by(30)
    page = client.get(PAGE).content.decode()
    assert f'data-session="{SESSION}" data-session-left="{IDLE - 30}" data-session-step="60"' in page
    assert "data-session" not in Client().get(SIGN_IN).content.decode()


def test_a_session_is_written_once_a_minute_at_most_and_costs_no_further_query(client: Client, clock: Clock) -> None:
    def queries() -> tuple[int, int]:
        with CaptureQueriesContext(connection) as taken:
            client.get(PAGE)
        of_session = [q["sql"] for q in taken.captured_queries if "django_session" in q["sql"]]
        return len(of_session), sum(sql.startswith("UPDATE") for sql in of_session)

    assert queries() == (1, 0)
    clock.pass_by(59)
    assert queries() == (1, 0)
    clock.pass_by(1)
    assert queries() == (2, 1)


# The unnamed display of the bedside


def test_a_locked_session_may_ask_for_the_unnamed_display_and_nothing_else(site: Site, clock: Clock) -> None:
    psychiatrist = clinic.make_person(site, Role.PSYCHIATRIST, Role.COORDINATOR)
    patient = clinic.make_participant(psychiatrist, site)
    browser = Client()
    browser.force_login(psychiatrist)
    display = f"/infusion/{patient.study_id}/display/"
    others = [f"/infusion/{patient.study_id}/{part}" for part in ("", "state/", "panel/")] + ["/", PAGE]
    clock.pass_by(IDLE)
    for _ in range(3):
        answer = browser.get(display, headers={"Sec-Fetch-Mode": "cors"})
        assert answer.status_code == 200
        assert patient.study_id not in answer.content.decode()
        assert "Not begun" in answer.content.decode()
        assert {status(browser, address) for address in others} == {302}
        clock.pass_by(60)
    assert status(browser, "/infusion/STL-9999-9/display/") == 404
    clock.pass_by(ABSOLUTE)
    assert status(browser, display) == 302


def test_the_display_does_not_keep_a_session(site: Site, clock: Clock) -> None:
    psychiatrist = clinic.make_person(site, Role.PSYCHIATRIST, Role.COORDINATOR)
    patient = clinic.make_participant(psychiatrist, site)
    browser = Client()
    browser.force_login(psychiatrist)
    for _ in range(4):
        assert status(browser, f"/infusion/{patient.study_id}/display/", **{"Sec-Fetch-Mode": "cors"}) == 200
        clock.pass_by(IDLE / 3)
    assert status(browser) == 302


# A form that came too late

FORM, HELD, FIELDS = "/participants/new/", "/session/unsent/", "/session/unsent/fields/"
NOTE = "CANARY 314-555-0199"
TYPED = {"cohort": "patient", "referral": "clinician", "note": NOTE, "draft": "965772df", "password": "never this"}


@pytest.fixture
def coordinator(site: Site) -> User:
    return clinic.make_person(site, Role.COORDINATOR, username="casey")


def too_late(user: User, clock: Clock, **headers: str) -> Client:
    """A browser that has sent a form after the end of its session."""
    browser = Client()
    browser.force_login(user)
    browser.get(FORM)
    clock.pass_by(IDLE)
    answer = browser.post(FORM, TYPED, headers={"Referer": f"http://testserver{FORM}?from=list", **headers})
    assert (answer.status_code, answer["Location"]) == (302, f"{SIGN_IN}?next=%2Fparticipants%2Fnew%2F%3Ffrom%3Dlist")
    return browser


def sign_in(browser: Client, user: User) -> HttpResponse:
    given = {"username": user.username, "password": clinic.PASSWORD, "next": FORM}
    return cast("HttpResponse", browser.post(SIGN_IN, given))


def test_what_came_too_late_is_shown_to_its_author_and_stands_in_its_form_again(
    coordinator: User, clock: Clock
) -> None:
    browser = too_late(coordinator, clock)
    assert "it stands in its form again" in browser.get(SIGN_IN).content.decode()
    assert sign_in(browser, coordinator)["Location"] == HELD
    page = browser.get(HELD).content.decode()
    assert "CANARY 314-555-0199" in page
    assert "just now" in page
    assert TYPED["draft"] not in page, "nobody typed the number of a draft"
    assert f'href="{FORM}?from=list"' in page
    assert f'data-unsent="{FIELDS}"' in browser.get(f"{FORM}?from=list").content.decode()
    kept = browser.get(FIELDS).json()
    assert kept["target"] == FORM
    assert dict(kept["fields"]) == {name: value for name, value in TYPED.items() if name != "password"}


def test_it_stays_while_the_form_is_refused_and_goes_once_it_is_taken(coordinator: User, clock: Clock) -> None:
    browser = too_late(coordinator, clock)
    sign_in(browser, coordinator)
    refused = browser.post(FORM, {"cohort": "nonsense"})
    assert refused.status_code != 302
    assert browser.get(FIELDS).json()["target"] == FORM
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', browser.get(FORM).content.decode()))
    site = coordinator.role_assignments.get().site
    whole = {"site": site.pk, "cohort": "patient", "referral": "clinician", "enrolled_on": "2026-03-01", **hidden}
    assert browser.post(FORM, whole).status_code == 302
    assert browser.get(FIELDS).json() == {}


def test_its_author_can_let_it_go(coordinator: User, clock: Clock) -> None:
    browser = too_late(coordinator, clock)
    sign_in(browser, coordinator)
    assert browser.post(HELD)["Location"] == "/"
    assert browser.get(FIELDS).json() == {}


def test_another_account_never_gets_it(coordinator: User, nora: User, clock: Clock) -> None:
    browser = too_late(coordinator, clock)
    assert sign_in(browser, nora)["Location"] == FORM
    assert browser.get(FIELDS).json() == {}
    browser.post("/sign-out/")
    sign_in(browser, coordinator)
    assert browser.get(FIELDS).json() == {}


def test_another_browser_of_the_same_account_never_gets_it(coordinator: User, clock: Clock) -> None:
    too_late(coordinator, clock)
    elsewhere = Client()
    sign_in(elsewhere, coordinator)
    assert elsewhere.get(FIELDS).json() == {}


def test_it_is_kept_for_an_hour(coordinator: User, clock: Clock) -> None:
    browser = too_late(coordinator, clock)
    clock.pass_by(settings.HELD_FORM_SECONDS + 1)
    assert sign_in(browser, coordinator)["Location"] == FORM
    assert browser.get(FIELDS).json() == {}


def test_neither_the_database_nor_the_cookie_holds_what_was_typed(coordinator: User, clock: Clock) -> None:
    browser = too_late(coordinator, clock)
    cookie = browser.cookies["held_form_key"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    kept = str(browser.session["held_form"])
    assert "CANARY" not in kept + cookie.value
    del browser.cookies["held_form_key"]
    sign_in(browser, coordinator)
    assert browser.get(FIELDS).json() == {}


def test_files_are_named_so_that_they_are_chosen_again(coordinator: User, clock: Clock) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    browser = Client()
    browser.force_login(coordinator)
    clock.pass_by(IDLE)
    browser.post(FORM, {"note": "with a file", "table": SimpleUploadedFile("a.tsv", b"1")})
    sign_in(browser, coordinator)
    page = browser.get(HELD).content.decode()
    assert "choose it again" in page
    assert "(table)" in page


def test_nothing_is_kept_of_a_form_without_the_sites_token(coordinator: User, clock: Clock) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(coordinator)
    clock.pass_by(IDLE)
    assert browser.post(FORM, TYPED).status_code == 403
    assert "held_form" not in browser.session


def test_a_fragment_that_comes_too_late_is_told_so_and_its_page_keeps_what_was_typed(
    coordinator: User, clock: Clock
) -> None:
    browser = Client()
    browser.force_login(coordinator)
    clock.pass_by(IDLE)
    assert browser.post(FORM, TYPED, headers=ACTION).status_code == 401
    assert "held_form" not in browser.session


def test_somebody_elses_page_is_no_way_back(coordinator: User, clock: Clock) -> None:
    browser = Client()
    browser.force_login(coordinator)
    clock.pass_by(IDLE)
    answer: Any = browser.post(FORM, TYPED, headers={"Referer": "https://example.org/x"})
    assert answer["Location"] == f"{SIGN_IN}?next=%2Fparticipants%2Fnew%2F"
