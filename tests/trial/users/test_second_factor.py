"""T15, T16: a code of an app is asked for after the password, once a session; each code works once.

Codes are computed here from RFC 6238 and RFC 4226, apart from the library that checks them.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import re
from base64 import b32decode
from datetime import date
from typing import Any, cast

import pytest
from django.http import HttpResponse
from django.test import Client
from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from tests.trial.records import clinic
from tests.trial.users.clock import Clock
from tests.trial.users.staff import delegated
from trial.audit.models import AuditEntry
from trial.permissions import Role
from trial.users.models import Site, User
from trial.users.second_factor import services
from trial.users.services import give_role

SIGN_IN, CODE, OWN, PAGE = "/sign-in/", "/sign-in/code/", "/account/second-factor/", "/protocol/"
NEW_CODES = f"{OWN}recovery-codes/"


def totp(key: bytes, seconds: float) -> str:
    """RFC 6238 with SHA-1, 30 seconds, 6 digits."""
    counter = int(seconds // 30).to_bytes(8, "big")
    digest = hmac.new(key, counter, hashlib.sha1).digest()
    start = digest[-1] & 0x0F
    number = int.from_bytes(digest[start : start + 4], "big") & 0x7FFFFFFF
    return f"{number % 1_000_000:06}"


def test_the_reckoning_of_this_file_agrees_with_the_standard() -> None:
    """RFC 6238, appendix B (the last six of eight digits)."""
    key = b"12345678901234567890"
    assert [totp(key, at) for at in (59, 1111111109, 20000000000)] == ["287082", "081804", "353130"]


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


class App:
    """An authenticator app, and the paper with the recovery codes."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.key, self.recovery = b"", [""]

    def code(self, ahead: int = 0) -> str:
        return totp(self.key, self.clock.at.timestamp() + 30 * ahead)

    def enrol(self, client: Client) -> HttpResponse:
        """Read the key off the page and confirm it."""
        page = client.get(OWN).content.decode()
        shown = re.search(r"<code[^>]*>([A-Z2-7 ]+)</code>", page)
        assert shown
        self.key = b32decode(shown.group(1).replace(" ", ""))
        answer = cast("HttpResponse", client.post(OWN, {"code": self.code()}))
        self.recovery = re.findall(r"<code>([A-Z0-9]{5}-[A-Z0-9]{5})</code>", answer.content.decode())
        return answer


@pytest.fixture
def app(pia: User, clock: Clock) -> App:
    made = App(clock)
    assert made.enrol(signed_in(pia)).status_code == 200
    clock.pass_by(60)
    return made


def password(client: Client, name: str = "pia", **more: str) -> HttpResponse:
    return cast("HttpResponse", client.post(SIGN_IN, {"username": name, "password": clinic.PASSWORD, **more}))


def enter(code: str, client: Client | None = None) -> int:
    client = client or Client()
    password(client)
    return int(client.post(CODE, {"code": code}).status_code)


def test_the_picture_and_the_text_of_the_page_are_the_same_key(pia: User, clock: Clock) -> None:
    page = signed_in(pia).get(OWN).content.decode()
    assert 'src="data:image/svg+xml' in page
    key = TOTPDevice.objects.get(user=pia).key
    shown = re.search(r"<code[^>]*>([A-Z2-7 ]+)</code>", page)
    assert shown
    assert b32decode(shown.group(1).replace(" ", "")).hex() == key


def test_a_key_is_in_force_only_after_a_code_has_confirmed_it(pia: User, clock: Clock) -> None:
    client = signed_in(pia)
    client.get(OWN)
    assert client.post(OWN, {"code": "000000"}).status_code == 422
    assert password(Client())["Location"] == "/"


def test_the_password_alone_signs_nobody_in(app: App) -> None:
    client = Client()
    assert password(client)["Location"] == CODE
    assert client.get(PAGE).status_code == 302
    assert "pia" not in client.get(CODE).content.decode().lower()
    assert client.post(CODE, {"code": app.code()})["Location"] == "/"
    assert client.get(PAGE).status_code == 200


def test_the_page_asked_for_comes_after_the_code(app: App) -> None:
    client = Client()
    password(client, next=PAGE)
    assert client.post(CODE, {"code": app.code()})["Location"] == PAGE


def test_the_step_of_the_code_ends_after_five_minutes(app: App, clock: Clock) -> None:
    client = Client()
    password(client)
    clock.pass_by(301)
    assert client.post(CODE, {"code": app.code()})["Location"] == SIGN_IN
    assert client.get(PAGE).status_code == 302


def test_a_code_works_once(app: App) -> None:
    assert [enter(app.code()), enter(app.code())] == [302, 422]


def test_guesses_of_codes_are_slowed_down(app: App, clock: Clock) -> None:
    for _ in range(6):
        clock.pass_by(2)
        enter("000000")
    assert enter(app.code()) == 422
    clock.pass_by(120)
    assert enter(app.code()) == 302


def test_it_is_asked_for_once_a_session_and_again_after_twelve_hours(app: App, clock: Clock, settings: Any) -> None:
    client = Client()
    enter(app.code(), client)
    clock.pass_by(settings.SESSION_IDLE_SECONDS)
    assert client.get("/session/").json()["needs_code"] is False
    assert client.post("/session/reopen/", {"password": clinic.PASSWORD}).status_code == 200
    clock.pass_by(settings.SESSION_ABSOLUTE_SECONDS)
    assert client.get("/session/").json()["needs_code"] is True
    assert client.post("/session/reopen/", {"password": clinic.PASSWORD}).status_code == 422
    given = {"password": clinic.PASSWORD, "code": app.code()}
    assert client.post("/session/reopen/", given).status_code == 200
    assert client.get(PAGE).status_code == 200


def test_a_recovery_code_works_once_and_its_use_is_logged_and_audited(
    app: App, caplog: pytest.LogCaptureFixture
) -> None:
    assert len(set(app.recovery)) == 10
    assert [enter(app.recovery[3].lower()), enter(app.recovery[3])] == [302, 422]
    said = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING and "second_factor" in r.name]
    assert said == ["recovery code used: pia", "second factor refused: pia"]
    reasons = AuditEntry.objects.filter(table_name="otp_static_staticdevice").values_list("actor", "reason")
    assert ("pia", "recovery code used") in set(reasons)


def test_recovery_codes_are_shown_once_and_kept_hashed(app: App, pia: User) -> None:
    kept = list(StaticToken.objects.values_list("token", flat=True))
    assert len(kept) == 10
    shown = {code.replace("-", "") for code in app.recovery}
    assert not shown & {token.upper() for token in kept}
    assert not any(code in signed_in(pia).get(OWN).content.decode() for code in app.recovery)


def test_new_recovery_codes_need_a_code_of_the_app_and_void_the_old_ones(app: App, pia: User, clock: Clock) -> None:
    client = signed_in(pia)
    assert client.post(NEW_CODES, {"code": "000000"}).status_code == 422
    clock.pass_by(60)
    page = client.post(NEW_CODES, {"code": app.code()}).content.decode()
    assert len(re.findall(r"<code>[A-Z0-9]{5}-[A-Z0-9]{5}</code>", page)) == 10
    assert enter(app.recovery[0]) == 422


def test_no_secret_enters_the_trail(app: App, pia: User) -> None:
    trail = "".join(f"{entry.old}{entry.new}" for entry in AuditEntry.objects.all())
    key = TOTPDevice.objects.get(user=pia).key
    assert key not in trail
    assert not any(token in trail for token in StaticToken.objects.values_list("token", flat=True))
    assert AuditEntry.objects.filter(table_name="otp_totp_totpdevice", reason="second factor set up").exists()


@pytest.mark.parametrize("role", list(Role))
def test_it_is_demanded_of_pi_data_manager_and_administrator(
    role: Role, site: Site, clock: Clock, settings: Any
) -> None:
    settings.REQUIRE_MFA = True
    clinic.make_person(site, role, username="somebody")
    client = Client()
    password(client, "somebody")
    demanded = role in {Role.PI, Role.DATA_MANAGER, Role.ADMINISTRATOR}
    answer = client.get(PAGE)
    assert (answer.status_code, answer.headers.get("Location")) == ((302, OWN) if demanded else (200, None))
    if demanded:
        assert {client.get(address).get("Location") for address in ("/", "/account/password/")} == {OWN}
        assert App(clock).enrol(client).status_code == 200
        assert client.get(PAGE).status_code == 200


@pytest.mark.usefixtures("clock")
def test_it_is_a_choice_where_the_site_does_not_demand_it(pia: User) -> None:
    client = Client()
    password(client)
    assert client.get(PAGE).status_code == 200


def test_an_administrator_resets_it_for_somebody_else_with_a_reason_and_ends_their_sessions(
    app: App, pia: User, ada: User
) -> None:
    open_session = signed_in(pia)
    here = f"/accounts/{pia.pk}/second-factor/"
    admin = signed_in(ada)
    assert admin.post(here, {"reason": " "}).status_code == 422
    assert open_session.get(PAGE).status_code == 200
    assert admin.post(here, {"reason": "Telephone lost; called back."}).status_code == 302
    assert open_session.get(PAGE).status_code == 302
    assert not TOTPDevice.objects.filter(user=pia).exists()
    assert password(Client())["Location"] == "/"
    entry = AuditEntry.objects.filter(table_name="otp_totp_totpdevice").latest("id")
    assert (entry.op, entry.actor, entry.reason) == ("D", "ada", "second factor reset: Telephone lost; called back.")


@pytest.mark.usefixtures("clock")
def test_nobody_resets_their_own(ada: User) -> None:
    services.begin(ada)
    assert signed_in(ada).post(f"/accounts/{ada.pk}/second-factor/", {"reason": "mine"}).status_code == 422
    assert TOTPDevice.objects.filter(user=ada).count() == 1


@pytest.mark.usefixtures("clock")
def test_who_has_a_role_at_another_site_too_is_reset_by_an_administrator_of_both(pia: User, ada: User) -> None:
    services.begin(pia)
    other = clinic.make_site("L")
    give_role("system:test", user=pia, site=other, role=Role.MONITOR, starts_on=date(2020, 1, 1))
    with pytest.raises(services.ResetRefused, match="a site that is not yours"):
        services.reset(ada, User.objects.get(pk=pia.pk), reason="telephone lost")
    assert TOTPDevice.objects.filter(user=pia).exists()
    assert User.objects.get(pk=pia.pk).sessions_ended_at is None
    give_role("system:test", user=ada, site=other, role=Role.ADMINISTRATOR, starts_on=date(2020, 1, 1))
    delegated(ada, other, Role.ADMINISTRATOR)
    services.reset(User.objects.get(pk=ada.pk), User.objects.get(pk=pia.pk), reason="telephone lost")
    assert not TOTPDevice.objects.filter(user=pia).exists()
