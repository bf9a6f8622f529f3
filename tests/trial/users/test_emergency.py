"""A nurse locked out at 22:00 gets in with a sealed code; that is alarmed until another person has looked at it."""

from __future__ import annotations

import logging
import re
from io import StringIO
from typing import cast

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.http import HttpResponse
from django.test import Client

from tests.trial.records import clinic
from tests.trial.users.clock import Clock
from trial.audit.context import audited
from trial.audit.models import AuditEntry
from trial.permissions import Role
from trial.users.emergency import services
from trial.users.models import EmergencyAccess, EmergencyCode, Site, User

SIGN_IN, EMERGENCY, OPEN = "/sign-in/", "/sign-in/emergency/", "/emergency-access/"
WHY = "The pump of a patient alarms and the rate must be entered."
pytestmark = pytest.mark.usefixtures("clock")


@pytest.fixture
def codes(site: Site) -> list[str]:
    return services.make_codes("system:tests", site, count=3)


def knock(code: str, client: Client | None = None, **changes: str) -> HttpResponse:
    given = {"username": "nora", "password": clinic.PASSWORD, "code": code, "reason": WHY, **changes}
    return cast("HttpResponse", (client or Client()).post(EMERGENCY, given))


def lock(name: str, times: int = settings.AXES_FAILURE_LIMIT) -> None:
    for _ in range(times):
        Client().post(SIGN_IN, {"username": name, "password": "not it"})


@pytest.fixture
def access(nora: User, codes: list[str]) -> EmergencyAccess:
    knock(codes[0])
    return EmergencyAccess.objects.get(user=nora)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_a_locked_nurse_gets_in_with_a_code_and_the_use_is_written_down(nora: User, codes: list[str]) -> None:
    lock("nora")
    client = Client()
    assert client.post(SIGN_IN, {"username": "nora", "password": clinic.PASSWORD}).status_code == 422
    assert knock(codes[1].lower().replace("-", " "), client).status_code == 302
    assert client.get("/protocol/").status_code == 200
    access = EmergencyAccess.objects.get()
    assert (access.user, access.reason, access.reviewed_at) == (nora, WHY, None)
    entry = AuditEntry.objects.filter(table_name="users_emergencyaccess").get()
    assert (entry.actor, entry.reason) == ("nora", f"emergency access: {WHY}")


@pytest.mark.usefixtures("nora")
def test_it_also_opens_when_the_whole_address_is_locked(codes: list[str]) -> None:
    for number in range(settings.SIGN_IN_ATTEMPTS_PER_ADDRESS):
        lock(f"n{number}", 1)
    assert Client().post(SIGN_IN, {"username": "nora", "password": clinic.PASSWORD}).status_code == 422
    assert knock(codes[0]).status_code == 302


@pytest.mark.usefixtures("nora")
def test_a_code_works_once(codes: list[str]) -> None:
    assert [knock(codes[0]).status_code for _ in range(2)] == [302, 422]
    assert EmergencyAccess.objects.count() == 1


@pytest.mark.usefixtures("nora")
def test_every_wrong_set_is_refused_with_one_answer_and_uses_nothing_up(codes: list[str]) -> None:
    clinic.make_person(clinic.make_site("OTH"), Role.NURSE, username="olaf")
    tries = [
        knock("ABCD-EFGH-JKLM-NPQR"),
        knock(codes[0], password="not it"),
        knock(codes[0], username="nobody"),
        knock(codes[0], username="olaf"),
    ]
    assert {one.status_code for one in tries} == {422}
    found = {re.search(r'role="alert".*?</div>', one.content.decode(), re.DOTALL) for one in tries}
    assert len({match and match.group() for match in found}) == 1
    assert EmergencyCode.objects.filter(used_at__isnull=True).count() == 3


@pytest.mark.usefixtures("nora")
def test_a_reason_is_demanded(codes: list[str]) -> None:
    assert knock(codes[0], reason="  ").status_code == 422
    assert not EmergencyAccess.objects.exists()


@pytest.mark.usefixtures("nora")
def test_who_has_the_envelope_cannot_go_on_guessing_passwords(codes: list[str]) -> None:
    for number in range(settings.AXES_FAILURE_LIMIT):
        Client(REMOTE_ADDR=f"192.0.2.{number}").post(
            EMERGENCY, {"username": "nora", "password": "guess", "code": codes[0], "reason": WHY}
        )
    assert knock(codes[0]).status_code == 422


@pytest.mark.usefixtures("nora")
def test_who_has_no_envelope_cannot_lock_a_name_out_of_the_emergency(codes: list[str]) -> None:
    for number in range(2 * settings.AXES_FAILURE_LIMIT):
        Client(REMOTE_ADDR=f"192.0.2.{number}").post(
            EMERGENCY, {"username": "nora", "password": "guess", "code": "ABCD-EFGH-JKLM-NPQR", "reason": WHY}
        )
    assert knock(codes[0]).status_code == 302


@pytest.mark.usefixtures("nora")
def test_guesses_from_one_address_are_limited_until_the_lock_ends(codes: list[str], clock: Clock) -> None:
    for _ in range(settings.SIGN_IN_ATTEMPTS_PER_ADDRESS):
        knock("ABCD-EFGH-JKLM-NPQR")
    assert knock(codes[0]).status_code == 422
    clock.pass_by(settings.SIGN_IN_LOCK_SECONDS + 1)
    assert knock(codes[0]).status_code == 302


def test_the_use_is_logged_as_a_warning_without_what_was_typed(
    nora: User, codes: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    knock(codes[0])
    said = [(r.levelno, r.getMessage()) for r in caplog.records if r.name.startswith("trial.users.emergency")]
    assert said == [(logging.WARNING, f"emergency access: nora at {nora.role_assignments.get().site.code}")]


def test_the_alarm_stands_on_today_until_another_person_reviews_it(
    access: EmergencyAccess, pia: User, ada: User
) -> None:
    here = f"{OPEN}{access.pk}/"
    for person in (pia, ada):
        assert f'hx-get="{OPEN}"' in signed_in(person).get("/").content.decode()
        assert WHY in signed_in(person).get(OPEN).content.decode()
    assert f'hx-get="{OPEN}"' not in signed_in(access.user).get("/").content.decode()
    assert signed_in(pia).post(here, {"comment": ""}).status_code == 422
    assert WHY in signed_in(ada).get(OPEN).content.decode()
    assert signed_in(pia).post(here, {"comment": "Asked her; the rate was entered."}).status_code == 302
    assert WHY not in signed_in(ada).get(OPEN).content.decode()
    access.refresh_from_db()
    assert (access.reviewed_by, access.review) == (pia, "Asked her; the rate was entered.")
    entry = AuditEntry.objects.filter(table_name="users_emergencyaccess").latest("id")
    assert (entry.actor, entry.reason) == ("pia", "emergency access reviewed")
    assert signed_in(ada).post(here, {"comment": "me too"}).status_code == 422


def test_the_review_leads_to_what_was_entered_under_the_name(access: EmergencyAccess, pia: User) -> None:
    page = signed_in(pia).get(f"{OPEN}{access.pk}/").content.decode()
    link = re.search(r'href="(/audit/[^"]*actor=nora[^"]*)"', page)
    assert link
    assert WHY in signed_in(pia).get(link[1].replace("&amp;", "&")).content.decode()


def test_nobody_reviews_their_own_use_and_the_database_refuses_it_too(pia: User, codes: list[str]) -> None:
    knock(codes[0], username="pia")
    access = EmergencyAccess.objects.get(user=pia)
    page = signed_in(pia).post(f"{OPEN}{access.pk}/", {"comment": "all well"})
    assert page.status_code == 422
    assert "Another of PI" in page.content.decode()
    with pytest.raises(IntegrityError), transaction.atomic(), audited("system:tests", "round the service"):
        EmergencyAccess.objects.filter(pk=access.pk).update(reviewed_by=pia)


def test_new_codes_are_shown_once_kept_hashed_and_void_the_old_ones(site: Site, nora: User, codes: list[str]) -> None:
    out = StringIO()
    call_command("emergency_codes", site=site.code, count=2, stdout=out)
    printed = re.findall(r"[A-Z2-9]{4}(?:-[A-Z2-9]{4}){3}", out.getvalue())
    assert len(set(printed)) == 2
    kept = "".join(str(value) for row in EmergencyCode.objects.values_list() for value in row)
    trail = "".join(f"{entry.old}{entry.new}" for entry in AuditEntry.objects.all())
    for code in [*printed, *codes]:
        assert code not in kept + trail
        assert code.replace("-", "") not in kept + trail
    digests = EmergencyCode.objects.values_list("digest", flat=True)
    assert not any(digest in trail for digest in digests)
    assert knock(codes[0]).status_code == 422
    assert knock(printed[0]).status_code == 302
    with pytest.raises(CommandError, match="no site 'NIL'"):
        call_command("emergency_codes", site="NIL")


def test_codes_are_random_enough() -> None:
    """80 bits: 16 characters of an alphabet of 32."""
    from trial.users.emergency.codes import ALPHABET, new_code

    assert len(set(ALPHABET)) == 32
    made = {new_code() for _ in range(200)}
    assert len(made) == 200
    assert {len(code.replace("-", "")) for code in made} == {16}
    assert {character for code in made for character in code} == {*ALPHABET, "-"}
