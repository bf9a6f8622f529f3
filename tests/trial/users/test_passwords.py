"""Passwords age, are long and never come back; names and ids of accounts are never used again."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any, cast

import pytest
from django.core.exceptions import ValidationError
from django.db import Error, connection, transaction
from django.http import HttpResponse
from django.test import Client

from tests.trial.records import clinic
from tests.trial.users.clock import Clock
from trial.audit.context import audited
from trial.audit.models import AuditEntry
from trial.permissions import Role
from trial.users import services
from trial.users.backends import DEMO_DOMAIN
from trial.users.models import FormerPassword, Site, User

SIGN_IN, PASSWORD, PAGE = "/sign-in/", "/account/password/", "/protocol/"
DAY = 24 * 3600


def sign_in(password: str = clinic.PASSWORD) -> Client:
    client = Client()
    client.post(SIGN_IN, {"username": "nora", "password": password})
    return client


def change(client: Client, old: str, new: str) -> HttpResponse:
    given = {"old_password": old, "new_password1": new, "new_password2": new}
    return cast("HttpResponse", client.post(PASSWORD, given))


@pytest.fixture
def aged(nora: User, clock: Clock, settings: Any) -> Client:
    """Signed in with a password a day too old."""
    with audited("system:tests", "long ago"):
        User.objects.filter(pk=nora.pk).update(password_set_at=clock.at)
    clock.pass_by((settings.PASSWORD_MAX_AGE_DAYS + 1) * DAY)
    return sign_in()


def test_an_aged_password_leads_to_its_change_and_nowhere_else(aged: Client) -> None:
    assert {aged.get(address)["Location"] for address in ("/", PAGE, "/accounts/", "/infusion/X/")} == {PASSWORD}
    page = aged.get(PASSWORD)
    assert page.status_code == 200
    assert "older than 365 days" in page.content.decode()
    assert change(aged, clinic.PASSWORD, "quite another passphrase").status_code == 302
    assert aged.get(PAGE).status_code == 200


def test_a_younger_password_asks_for_nothing(nora: User, clock: Clock, settings: Any) -> None:
    with audited("system:tests", "long ago"):
        User.objects.filter(pk=nora.pk).update(password_set_at=clock.at)
    clock.pass_by(settings.PASSWORD_MAX_AGE_DAYS * DAY)
    assert sign_in().get(PAGE).status_code == 200


@pytest.mark.usefixtures("nora")
def test_ageing_can_be_switched_off_and_spares_the_demo(nora: User, clock: Clock, settings: Any) -> None:
    clock.at += timedelta(days=4000)
    assert sign_in().get(PAGE).status_code == 302
    settings.PASSWORD_MAX_AGE_DAYS = 0
    assert sign_in().get(PAGE).status_code == 200
    settings.PASSWORD_MAX_AGE_DAYS = 365
    with audited("system:tests", "made a demo account"):
        User.objects.filter(pk=nora.pk).update(email=f"nora{DEMO_DOMAIN}")
    assert sign_in().get(PAGE).status_code == 200


def test_a_new_password_has_twelve_characters(nora: User) -> None:
    client = sign_in()
    assert change(client, clinic.PASSWORD, "elevenchars").status_code == 422
    assert change(client, clinic.PASSWORD, "twelve chars").status_code == 302


def test_the_last_passwords_are_refused_and_one_before_them_is_not(nora: User, clock: Clock) -> None:
    client, words = sign_in(), [clinic.PASSWORD, *(f"passphrase number {n}" for n in range(5))]
    for old, new in itertools.pairwise(words):
        clock.pass_by(60)
        assert change(client, old, new).status_code == 302
    for used in words[1:]:
        assert change(client, words[-1], used).status_code == 422, used
    assert change(client, words[-1], words[0]).status_code == 302


def test_former_passwords_are_hashes_that_never_enter_the_trail(nora: User) -> None:
    old = nora.password
    services.change_password("system:tests", nora, "quite another passphrase")
    assert list(FormerPassword.objects.values_list("password", flat=True)) == [old]
    assert not AuditEntry.objects.filter(table_name="users_formerpassword").exists()
    assert not any(old in f"{entry.old}{entry.new}" for entry in AuditEntry.objects.all())


def test_the_name_of_a_closed_account_is_never_given_again(nora: User, site: Site) -> None:
    with audited("system:tests", "left"):
        User.objects.filter(pk=nora.pk).update(is_active=False)
    with pytest.raises(ValidationError, match="already exists"):
        clinic.make_person(site, Role.NURSE, username="nora")


@pytest.mark.parametrize("way", ["delete", "queryset", "sql"])
def test_the_database_deletes_no_account_even_one_that_never_did_anything(site: Site, way: str) -> None:
    lonely = clinic.make_person(site, username="lonely")

    def by_sql() -> None:
        with connection.cursor() as cursor:
            key = lonely.pk if connection.vendor == "postgresql" else lonely.pk.hex
            cursor.execute("DELETE FROM users_user WHERE id = %s", [key])

    ways = {"delete": lonely.delete, "queryset": User.objects.filter(pk=lonely.pk).delete, "sql": by_sql}
    with pytest.raises(Error, match="a row is never deleted"), transaction.atomic(), audited("system:tests", "left"):
        ways[way]()
    assert User.objects.filter(pk=lonely.pk).exists()
