"""The accounts on the screen: filters, forms, sessions that end, and the first password."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests.trial.records import clinic
from trial.permissions import Role
from trial.users.models import Site, User

pytestmark = pytest.mark.django_db
FIRST, OWN = "a first passphrase", "a quite new passphrase"


@pytest.fixture
def site() -> Site:
    return clinic.make_site()


@pytest.fixture
def desk(site: Site) -> Client:
    """The administrator's browser."""
    return signed_in(clinic.make_person(site, Role.ADMINISTRATOR, username="ada"))


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def sent(site: Site, **changes: Any) -> dict[str, Any]:
    """The form of a new account as it is sent."""
    given = {"full_name": "Nora Nurse", "username": "nora", "email": "nora@clinic.invalid", "password": FIRST}
    given |= {"site": str(site.pk), "role": "nurse", "starts_on": site.today.isoformat(), "reason": "joined"}
    return {**given, **changes}


def test_a_new_account_appears_with_its_role_and_what_is_still_missing(site: Site, desk: Client) -> None:
    clinic.make_person(site, Role.PI, username="paula")
    page = desk.post(reverse("users:open_account"), sent(site), follow=True).content.decode()
    assert "Nora Nurse" in page
    assert "until the PI (Paula) delegates the duties" in page
    assert "waiting for a delegation" in page


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"username": "two words"}, "Enter a valid username"),
        ({"password": "short"}, "too short"),
        ({"reason": ""}, "This field is required"),
        ({"starts_on": "2020-01-01"}, "not dated back"),
    ],
)
def test_a_wrong_form_opens_nothing_and_says_why(site: Site, desk: Client, changes: dict[str, str], words: str) -> None:
    answer = desk.post(reverse("users:open_account"), sent(site, **changes))
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not User.objects.filter(full_name="Nora Nurse").exists()


def test_a_first_password_is_changed_before_anything_else(site: Site, desk: Client) -> None:
    desk.post(reverse("users:open_account"), sent(site, role="monitor"))
    client = Client()
    client.post("/sign-in/", {"username": "nora", "password": FIRST})
    for name in ("participants:today", "users:own", "audit:trail"):
        answer = client.get(reverse(name))
        assert (answer.status_code, answer["Location"]) == (302, reverse("users:password"))
    assert "Somebody else chose it" in client.get(reverse("users:password")).content.decode()
    client.post(reverse("users:password"), {"old_password": FIRST, "new_password1": OWN, "new_password2": OWN})
    assert client.get(reverse("participants:today")).status_code == 200


def test_closing_an_account_ends_its_session_with_the_next_request(site: Site, desk: Client) -> None:
    mona = clinic.make_person(site, Role.MONITOR, username="mona")
    client = signed_in(mona)
    assert client.get("/protocol/").status_code == 200
    desk.post(reverse("users:close_account", args=[mona.pk]), {"reason": "left"})
    assert client.get("/protocol/").status_code == 302
    desk.post(reverse("users:reopen_account", args=[mona.pk]), {"password": FIRST, "reason": "came back"})
    assert client.get("/protocol/")["Location"].startswith("/sign-in/")


def test_the_list_is_filtered_by_name_role_and_state(site: Site, desk: Client) -> None:
    names = {"mona": Role.MONITOR, "nils": Role.NURSE}
    people = {name: clinic.make_person(site, role, username=name) for name, role in names.items()}
    desk.post(reverse("users:close_account", args=[people["nils"].pk]), {"reason": "left"})

    def shown(**asked: str) -> set[str]:
        page = desk.get(reverse("users:accounts"), asked).content.decode()
        return {name for name in (*names, "ada") if f'<td data-label="User name">{name}</td>' in page}

    assert shown() == {"mona", "nils", "ada"}
    assert shown(q="MON") == {"mona"}
    assert shown(role="nurse") == {"nils"}
    assert shown(state="closed") == {"nils"}
    assert shown(state="open") == {"mona", "ada"}
    assert shown(state="waiting") == set()
    assert shown(role="king", state="asleep") == {"mona", "nils", "ada"}


def test_the_trail_is_led_to_for_those_who_may_read_it(site: Site, desk: Client) -> None:
    pi = clinic.make_person(site, Role.PI, username="paula")
    address = reverse("audit:history", args=["users.User", pi.pk])
    assert address in signed_in(pi).get(reverse("users:accounts")).content.decode()
    assert address not in desk.get(reverse("users:accounts")).content.decode()


def test_on_ones_own_account_nothing_can_be_changed(site: Site, desk: Client) -> None:
    ada = User.objects.get(username="ada")
    page = desk.get(reverse("users:account", args=[ada.pk])).content.decode()
    assert "Nobody changes their own rights" in page
    assert reverse("users:close_account", args=[ada.pk]) not in page
    answer = desk.post(reverse("users:close_account", args=[ada.pk]), {"reason": "tired"})
    assert answer.status_code == 422
    assert User.objects.get(pk=ada.pk).is_active


def test_a_role_is_given_and_ended_on_the_page(site: Site, desk: Client) -> None:
    mona = clinic.make_person(site, Role.MONITOR, username="mona")
    given = {"site": str(site.pk), "role": "data_manager", "starts_on": site.today.isoformat(), "reason": "covers"}
    desk.post(reverse("users:give_role", args=[mona.pk]), given)
    assert User.objects.get(pk=mona.pk).role_names == "Data manager, Monitor"
    row = mona.role_assignments.get(role="monitor")
    desk.post(reverse("users:end_role", args=[row.pk]), {"reason": "monitors no more"})
    assert User.objects.get(pk=mona.pk).role_names == "Data manager"


def test_an_administrator_gives_roles_at_their_own_sites_only(site: Site, desk: Client) -> None:
    away = clinic.make_site("X")
    answer = desk.post(reverse("users:open_account"), sent(away))
    assert answer.status_code == 422
    assert not User.objects.filter(username="nora").exists()
