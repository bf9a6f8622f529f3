"""Sites, accounts and roles are made by services and commands, with who did it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from io import StringIO

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import IntegrityError
from django.utils import timezone

from tests.trial.records import clinic
from trial.audit.models import AuditEntry
from trial.permissions import Role
from trial.users import services
from trial.users.management.commands import add_account as command
from trial.users.management.commands import changepassword
from trial.users.models import Site, User

pytestmark = pytest.mark.django_db


def actors(table: str) -> set[tuple[str, str]]:
    return set(AuditEntry.objects.filter(table_name=table).values_list("actor", "reason"))


def test_a_site_and_an_account_are_attributed() -> None:
    site = clinic.make_site("K")
    pi = clinic.make_person(site, Role.PI, username="pi")
    services.give_role(pi, user=pi, site=site, role=Role.PSYCHIATRIST, starts_on=date(2026, 1, 1))
    assert actors("users_site") == {("system:tests", "site K added")}
    assert actors("users_roleassignment") == {("system:tests", "pi at K"), ("pi", "psychiatrist at K")}


def test_a_password_is_kept_hashed_and_out_of_the_trail() -> None:
    user = clinic.make_person(clinic.make_site(), Role.NURSE)
    assert clinic.PASSWORD not in user.password
    assert user.check_password(clinic.PASSWORD)
    assert not user.check_password(clinic.PASSWORD + " ")
    written = "".join(entry.new or "" for entry in AuditEntry.objects.all())
    assert user.password not in written
    assert clinic.PASSWORD not in written


def test_a_taken_name_and_a_taken_code_are_refused() -> None:
    site = clinic.make_site("K")
    clinic.make_person(site, username="nora")
    with pytest.raises(ValidationError, match="already exists"):
        clinic.make_person(site, username="nora")
    with pytest.raises(ValidationError, match="already exists"):
        clinic.make_site("K")
    assert (Site.objects.count(), User.objects.count()) == (1, 1)


def test_an_account_that_cannot_have_its_roles_is_not_made() -> None:
    site = clinic.make_site()
    with pytest.raises(IntegrityError):
        clinic.make_person(site, Role.NURSE, Role.NURSE, username="nora")
    assert not User.objects.exists()


@pytest.mark.parametrize("hour", [12, 1])  # 06:00 in Chicago, and 19:00 of the day before
def test_the_commands_make_a_site_and_an_account(monkeypatch: pytest.MonkeyPatch, hour: int) -> None:
    monkeypatch.setattr(timezone, "now", lambda: datetime(2026, 11, 26, hour, tzinfo=UTC))
    monkeypatch.setattr(command, "getpass", lambda prompt: clinic.PASSWORD)
    call_command("add_site", "K", name="Clinic", timezone="America/Chicago")
    call_command("add_account", "nora", name="Nora", role="nurse", site="K")
    nora = User.objects.get()
    assert nora.check_password(clinic.PASSWORD)
    assert nora.is_password_given, "who ran the command knows it, so it is changed at the first sign-in"
    assert nora.roles_by_site() == {Site.objects.get().id: frozenset({"nurse"})}


def test_whoever_makes_a_site_is_told_of_its_first_shift_but_not_for_practice() -> None:
    said, practice = StringIO(), StringIO()
    call_command("add_site", "K", name="Clinic", timezone="America/Chicago", stdout=said)
    call_command("add_site", "P", name="Practice", timezone="America/Chicago", practice=True, stdout=practice)
    assert "first shift now (manage.py add_account, add_on_call)" in said.getvalue()
    assert "shift" not in practice.getvalue()


def test_the_command_for_accounts_names_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "getpass", lambda prompt: "short")
    with pytest.raises(CommandError, match="no site 'K'"):
        call_command("add_account", "nora", name="Nora", role="nurse", site="K")
    clinic.make_site("K")
    with pytest.raises(CommandError, match="too short"):
        call_command("add_account", "nora", name="Nora", role="nurse", site="K")
    with pytest.raises(CommandError, match="invalid choice"):
        call_command("add_account", "nora", name="Nora", role="king", site="K")
    assert not User.objects.exists()


def test_a_forgotten_password_is_set_on_the_server_and_stands_in_the_trail(monkeypatch: pytest.MonkeyPatch) -> None:
    nora = clinic.make_person(clinic.make_site(), Role.NURSE, username="nora")
    monkeypatch.setattr(changepassword, "getpass", lambda _: "a quite new passphrase")
    call_command("changepassword", "nora", stdout=StringIO())
    nora.refresh_from_db()
    assert nora.check_password("a quite new passphrase")
    assert ("system:changepassword", "password changed") in actors("users_user")
