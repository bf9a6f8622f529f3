"""Signing in and out: one answer to every wrong attempt, a new session, and never off to another host."""

from __future__ import annotations

from datetime import date
from typing import Any, cast

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from tests.trial.records import clinic
from trial.audit.context import audited
from trial.audit.models import AuditEntry
from trial.permissions import Role
from trial.users.backends import DEMO_DOMAIN
from trial.users.models import RoleAssignment, User

pytestmark = pytest.mark.django_db
SIGN_IN, SIGN_OUT, TODAY, PASSWORD = "/sign-in/", "/sign-out/", "/", "/account/password/"
NEW = "a quite new passphrase"


@pytest.fixture
def nora() -> User:
    return clinic.make_person(clinic.make_site(), Role.COORDINATOR, username="nora")


def attempt(client: Client, username: str = "nora", password: str = clinic.PASSWORD, **more: str) -> HttpResponse:
    return cast("HttpResponse", client.post(SIGN_IN, {"username": username, "password": password, **more}))


def words_of(response: HttpResponse) -> str:
    """The page without what differs at every request: the token and what was typed."""
    page = response.content.decode()
    return "\n".join(line for line in page.splitlines() if "csrf" not in line.lower() and 'name="username"' not in line)


@pytest.mark.usefixtures("nora")
def test_the_right_password_leads_to_todays_page() -> None:
    response = attempt(Client())
    assert (response.status_code, response["Location"]) == (302, reverse("participants:today"))


def test_wrong_password_unknown_name_and_closed_account_get_one_answer(nora: User) -> None:
    closed = clinic.make_person(nora.role_assignments.get().site, Role.NURSE, username="closed")
    with audited("system:tests", "left"):
        closed.is_active = False
        closed.save()
    answers = [
        attempt(Client(), password="another one"),
        attempt(Client(), username="nobody"),
        attempt(Client(), username="closed"),
    ]
    assert {answer.status_code for answer in answers} == {422}
    assert len({words_of(answer) for answer in answers}) == 1
    assert "do not match an active account" in answers[0].content.decode()


@pytest.mark.usefixtures("nora")
def test_the_page_asked_for_comes_after_signing_in() -> None:
    client = Client()
    asked = client.get("/protocol/")
    assert (asked.status_code, asked["Location"]) == (302, f"{SIGN_IN}?next=/protocol/")
    assert 'name="next" value="/protocol/"' in client.get(asked["Location"]).content.decode()
    assert attempt(client, next="/protocol/")["Location"] == "/protocol/"


OTHER_HOSTS = [
    "https://example.org/",
    "//example.org/",
    "///example.org/",
    "/\\example.org/",
    "\\\\example.org/",
    "http:example.org",
    "https:///example.org",
    "javascript:alert(1)",
    "data:text/html,x",
    " https://example.org/",
    "https://testserver@example.org/",
    "https://testserver.example.org/",
    "/\t/example.org/",
]


@pytest.mark.usefixtures("nora")
@pytest.mark.parametrize("wanted", OTHER_HOSTS)
def test_signing_in_never_leads_to_another_host(wanted: str) -> None:
    client = Client()
    assert client.get(SIGN_IN, {"next": wanted}).context["next"] == settings.LOGIN_REDIRECT_URL
    assert attempt(client, next=wanted)["Location"] == reverse("participants:today")


@pytest.mark.usefixtures("nora")
def test_a_session_known_before_signing_in_is_worth_nothing_after() -> None:
    client = Client()
    session = client.session
    session["planted"] = True
    session.save()
    planted = session.session_key
    client.cookies[settings.SESSION_COOKIE_NAME] = str(planted)
    attempt(client)
    assert client.session.session_key not in (None, planted)
    thief = Client()
    thief.cookies[settings.SESSION_COOKIE_NAME] = str(planted)
    assert thief.get("/protocol/").status_code == 302


@pytest.mark.usefixtures("nora")
def test_signing_out_ends_the_session_also_for_a_copy_of_its_cookie() -> None:
    client, copy = Client(), Client()
    attempt(client)
    copy.cookies[settings.SESSION_COOKIE_NAME] = client.cookies[settings.SESSION_COOKIE_NAME].value
    assert copy.get("/protocol/").status_code == 200
    response = client.post(SIGN_OUT)
    assert (response.status_code, response["Location"]) == (302, SIGN_IN)
    assert copy.get("/protocol/").status_code == 302


@pytest.mark.usefixtures("nora")
def test_a_link_does_not_sign_out() -> None:
    client = Client()
    attempt(client)
    assert client.get(SIGN_OUT).status_code == 405
    assert client.get("/protocol/").status_code == 200


def test_a_new_password_ends_open_sessions(nora: User) -> None:
    client = Client()
    attempt(client)
    with audited("system:tests", "password changed"):
        nora.set_password("quite another one")
        nora.save()
    assert client.get("/protocol/").status_code == 302


def test_a_closed_account_has_no_session_left(nora: User) -> None:
    client = Client()
    attempt(client)
    with audited("system:tests", "left"):
        nora.is_active = False
        nora.save()
    assert client.get("/protocol/").status_code == 302


@pytest.mark.usefixtures("nora")
@pytest.mark.parametrize("address", [SIGN_IN, SIGN_OUT])
def test_a_post_without_the_sites_token_is_refused(address: str) -> None:
    client = Client(enforce_csrf_checks=True)
    assert client.post(address, {"username": "nora", "password": clinic.PASSWORD}).status_code == 403


def test_an_account_whose_role_has_ended_may_sign_in_and_do_nothing() -> None:
    site = clinic.make_site()
    ended = clinic.make_person(site, username="ended")
    with audited("system:tests", "a month of work"):
        RoleAssignment.objects.create(
            user=ended, site=site, role=Role.NURSE, starts_on=date(2020, 1, 1), ends_on=date(2020, 1, 31)
        )
    client = Client()
    assert attempt(client, username="ended").status_code == 302
    assert client.get("/protocol/").status_code == 403


def test_names_and_cookies_are_kept_from_scripts(nora: User) -> None:
    cookie = attempt(Client()).cookies[settings.SESSION_COOKIE_NAME]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"


@pytest.mark.parametrize(("mode", "works"), [("demo", True), ("practice", False), ("production", False)])
def test_a_demo_account_works_in_a_demonstration_only(settings: Any, nora: User, mode: str, works: bool) -> None:
    with audited("system:tests", "made a demo account"):
        nora.email = f"nora{DEMO_DOMAIN}"
        nora.save()
    before = Client()
    attempt(before)
    settings.SITE_MODE = mode
    assert attempt(Client()).status_code == (302 if works else 422)
    assert before.get("/protocol/").status_code == (200 if works else 302)


@pytest.mark.usefixtures("nora")
def test_the_log_tells_who_signed_in_and_out_and_never_what_was_typed(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", logger="trial.users.signing")
    client = Client()
    attempt(client, password="a wrong one")
    attempt(client, username="typed-by-mistake", password="a wrong one")
    attempt(client)
    client.post(SIGN_OUT)
    assert [line.getMessage() for line in caplog.records if line.name == "trial.users.signing"] == [
        "sign-in refused: nora",
        "sign-in refused: an unknown name",
        "signed in: nora",
        "signed out: nora",
    ]


def signed_in(user: User) -> Client:
    """A browser in which the account is signed in."""
    client = Client()
    client.force_login(user)
    return client


def change(client: Client, old: str = clinic.PASSWORD, again: str = NEW) -> HttpResponse:
    asked = {"old_password": old, "new_password1": NEW, "new_password2": again}
    return cast("HttpResponse", client.post(PASSWORD, asked))


def test_a_new_password_ends_the_other_sessions_and_not_this_one(nora: User) -> None:
    here, elsewhere = signed_in(nora), signed_in(nora)
    assert change(here).status_code == 302
    assert here.get(TODAY).status_code == 200
    assert elsewhere.get(TODAY)["Location"].startswith(SIGN_IN)
    assert attempt(Client()).status_code == 422
    assert attempt(Client(), password=NEW).status_code == 302


@pytest.mark.parametrize("wrong", [{"old": "not it"}, {"again": "something else"}])
def test_a_password_is_not_changed_by_mistake(nora: User, wrong: dict[str, str]) -> None:
    assert change(signed_in(nora), **wrong).status_code == 422
    assert attempt(Client()).status_code == 302


def test_a_change_of_password_is_audited_without_the_password(nora: User) -> None:
    change(signed_in(nora))
    entry = AuditEntry.objects.filter(table_name="users_user").latest("id")
    assert (entry.actor, entry.reason) == ("nora", "password changed")
    old, new = nora.password, User.objects.get(pk=nora.pk).password
    assert old != new
    assert not any(secret in f"{entry.old}{entry.new}" for secret in (old, new))


def test_the_accounts_of_a_site_are_listed_with_their_roles(nora: User) -> None:
    here = nora.role_assignments.get().site
    monitor = clinic.make_person(here, Role.MONITOR, username="mona")
    other = clinic.make_person(clinic.make_site("OTH"), Role.NURSE, username="olaf")
    page = signed_in(monitor).get("/accounts/").content.decode()
    assert f"Coordinator at {here.code} since" in page
    assert other.full_name not in page
