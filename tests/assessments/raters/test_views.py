"""The raters of a participant on the screen."""

from __future__ import annotations

import uuid

import pytest
from django.test import Client
from django.urls import reverse

from assessments.models import RaterAssignment
from tests.infusion import ward as wards
from tests.trial.participants import people
from trial.participants.models import Participant
from trial.users.models import Site, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(site: Site) -> Client:
    """The PI's browser."""
    return signed_in(people.make_user("paula", site, "pi"))


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def assign(desk: Client, participant: Participant, user: User, **changes: str) -> str:
    """Send the form; gives back the page that follows."""
    given = {"user": str(user.pk), "starts_on": participant.site.today.isoformat(), "key": str(uuid.uuid4())}
    address = reverse("assessments:raters", args=[participant.study_id])
    return desk.post(address, given | changes, follow=True).content.decode()


def test_a_rater_is_assigned_offered_first_and_ended(
    site: Site, desk: Client, rater: User, participant: Participant
) -> None:
    people.make_user("anna", site, "psychiatrist")
    form = reverse("assessments:form", args=[participant.study_id, "screening", "madrs"])
    assert "assigned rater" not in desk.get(form).content.decode()
    assert f"Paul is assigned to rate {participant.study_id}" in assign(desk, participant, rater)
    page = desk.get(form).content.decode()
    assert page.index("Paul (assigned rater)") < page.index("Anna")
    row = RaterAssignment.objects.get()
    address = reverse("assessments:end_rater", args=[row.pk])
    page = desk.post(address, {"reason": "on leave", "key": str(uuid.uuid4())}, follow=True).content.decode()
    assert "ended by Paula: on leave" in page
    assert "assigned rater" not in desk.get(form).content.decode()


def test_bedside_work_is_warned_of_and_confirmed_with_a_reason() -> None:
    ward = wards.make_ward()
    wards.start(ward)
    desk = signed_in(people.make_user("paula", ward.site, "pi"))
    page = desk.get(reverse("assessments:raters", args=[ward.participant.study_id])).content.decode()
    assert f"{ward.nurse.full_name}: has entered doses, rates, levels or side effects" in page
    assert f"{ward.other_nurse.full_name}:" not in page
    page = assign(desk, ward.participant, ward.nurse)
    assert "knows the treatment" in page
    assert not RaterAssignment.objects.exists()
    assert "nobody else is trained" in assign(desk, ward.participant, ward.nurse, despite="nobody else is trained")
    assert RaterAssignment.objects.get().user == ward.nurse


def test_the_way_to_the_raters_stands_on_the_panel_of_who_assigns(
    desk: Client, rater: User, participant: Participant
) -> None:
    panel = reverse("assessments:panel", args=[participant.study_id])
    address = reverse("assessments:raters", args=[participant.study_id])
    assert address in desk.get(panel).content.decode()
    assert address not in signed_in(rater).get(panel).content.decode()
