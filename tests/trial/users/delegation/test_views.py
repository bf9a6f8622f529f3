"""The delegation log on the screen: the PI delegates, the nurse can act; who waits is told what is missing."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from tests.trial.records import clinic
from tests.trial.users.staff import delegated
from trial.permissions import Role
from trial.users.delegation.models import Delegation, Training
from trial.users.models import Site, User
from trial.users.services import give_role

pytestmark = pytest.mark.django_db


@pytest.fixture
def site() -> Site:
    return clinic.make_site()


@pytest.fixture
def desk(site: Site) -> Client:
    """The PI's browser."""
    return signed_in(clinic.make_person(site, Role.PI, username="paula"))


@pytest.fixture
def nora(site: Site) -> User:
    """A nurse by role only."""
    user = clinic.make_person(site, username="nora")
    give_role("system:tests", user=user, site=site, role=Role.NURSE, starts_on=site.today)
    return user


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def delegate(desk: Client, nora: User, site: Site, **changes: str) -> Client:
    """Send the PI's form for the nurse's role; gives the browser back."""
    held = nora.role_assignments.get(role="nurse")
    given = {"held": str(held.pk), "starts_on": site.today.isoformat(), "duties": "", **changes}
    desk.post(reverse("users:delegate"), given)
    return desk


@pytest.mark.usefixtures("desk")
def test_who_waits_for_a_delegation_is_told_what_is_missing_and_whom_to_ask(site: Site, nora: User) -> None:
    client = signed_in(nora)
    for name in ("participants:today", "participants:list", "safety:board", "users:delegation"):
        answer = client.get(reverse(name))
        assert answer.status_code == 403
        page = answer.content.decode()
        assert "Your duties are not delegated yet" in page
        assert f"you hold the role Nurse at {site.code}" in page
        assert "Ask the PI, Paula" in page
    own = client.get(reverse("users:own"))
    assert own.status_code == 200
    assert "waiting for a delegation" in own.content.decode()
    assert client.get(reverse("users:password")).status_code == 200


def test_the_pi_delegates_and_the_nurse_can_act(site: Site, desk: Client, nora: User) -> None:
    client = signed_in(nora)
    assert client.get(reverse("participants:list")).status_code == 403
    delegate(desk, nora, site)
    assert client.get(reverse("participants:list")).status_code == 200
    page = desk.get(reverse("users:delegation")).content.decode()
    assert "Clonidine and infusion at the bedside" in page
    assert "Paula" in page
    line = Delegation.objects.get()
    desk.post(reverse("users:end_delegation", args=[line.pk]), {"reason": "left the ward"})
    assert client.get(reverse("participants:list")).status_code == 403
    assert "left the ward" in desk.get(reverse("users:delegation")).content.decode()


def test_what_is_refused_is_said_on_the_form(site: Site, desk: Client, nora: User) -> None:
    held = nora.role_assignments.get()
    answer = desk.post(reverse("users:delegate"), {"held": str(held.pk), "starts_on": "2020-01-01"})
    assert answer.status_code == 422
    assert "not dated back" in answer.content.decode()


def test_one_role_of_two_may_wait_while_the_other_works(site: Site, desk: Client, nora: User) -> None:
    give_role("system:tests", user=nora, site=site, role=Role.MONITOR, starts_on=site.today)
    client = signed_in(nora)
    assert client.get(reverse("participants:today")).status_code == 200
    assert "No delegation, no action" in client.get(reverse("users:standing")).content.decode()
    assert client.get(reverse("participants:enrol")).status_code == 403


def test_the_pi_is_told_on_today_what_waits_in_the_log(site: Site, desk: Client, nora: User) -> None:
    delegated(clinic.make_person(site, username="olga"), site, "nurse")
    page = desk.get(reverse("users:standing")).content.decode()
    assert "1 role without a delegation, 1 line to be confirmed by you" in page
    line = Delegation.objects.get()
    desk.post(reverse("users:confirm_delegation", args=[line.pk]))
    assert Delegation.objects.get().is_confirmed
    assert "to be confirmed" not in desk.get(reverse("users:standing")).content.decode()


def test_a_coordinator_records_a_training_and_withdraws_it(site: Site, nora: User) -> None:
    client = signed_in(clinic.make_person(site, Role.COORDINATOR, username="cora"))
    given = {"site": str(site.pk), "user": str(nora.pk), "topic": "GCP", "trained_on": site.today.isoformat()}
    client.post(reverse("users:training"), given)
    row = Training.objects.get()
    assert (row.user, row.topic, row.recorded_by.username) == (nora, "GCP", "cora")
    client.post(reverse("users:withdraw_training", args=[row.pk]), {"reason": "another person"})
    page = client.get(reverse("users:delegation")).content.decode()
    assert "another person" in page


def test_training_is_recorded_for_people_of_the_site_only(site: Site, desk: Client) -> None:
    stranger = clinic.make_person(clinic.make_site("X"), Role.NURSE)
    given = {"site": str(site.pk), "user": str(stranger.pk), "topic": "GCP", "trained_on": site.today.isoformat()}
    assert desk.post(reverse("users:training"), given).status_code == 422
    assert not Training.objects.exists()


def test_a_person_sees_their_own_lines_and_training(site: Site, desk: Client, nora: User) -> None:
    delegate(desk, nora, site, duties="Bedside only")
    page = signed_in(nora).get(reverse("users:own")).content.decode()
    assert "Bedside only" in page
    assert "delegated by Paula" in page
    assert "infusion and monitoring" in page
