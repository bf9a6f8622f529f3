"""A visit's page names what is to be measured, and leads to the form with that visit chosen."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from infusion.services import record_vitals
from tests.infusion.ward import Ward, hours, make_user, make_ward, start

pytestmark = pytest.mark.django_db


@pytest.fixture
def ward() -> Ward:
    made = make_ward()
    start(made)
    return made


def panel(ward: Ward, code: str) -> str:
    client = Client()
    client.force_login(make_user("reader", ward.site, "nurse"))
    answer = client.get(reverse("infusion:visit_panel", args=[ward.participant.study_id, code]))
    assert answer.status_code == 200
    return answer.content.decode()


def test_what_was_not_measured_yet_leads_to_its_form_for_this_visit(ward: Ward) -> None:
    page = panel(ward, "admission")
    assert page.count("not yet") == 3
    for name in ("vitals", "side_effects", "serum"):
        assert f"{reverse(f'infusion:{name}', args=[ward.participant.study_id])}?visit=admission" in page


def test_a_measurement_taken_shows_when(ward: Ward) -> None:
    visit = ward.participant.visits.get(code="admission")
    record_vitals(
        ward.nurse, ward.participant, systolic=120, diastolic=80, heart_rate=70, occurred_at=hours(-2), visit=visit
    )
    page = panel(ward, "admission")
    assert page.count("not yet") == 2
    assert "Enter another" in page


def test_a_phone_visit_measures_nothing_at_the_bedside(ward: Ward) -> None:
    assert "Nothing is measured" in panel(ward, "week_2")


def test_the_link_chooses_the_visit_on_the_form(ward: Ward) -> None:
    client = Client()
    client.force_login(make_user("recorder", ward.site, "nurse"))
    visit = ward.participant.visits.get(code="admission")
    page = client.get(reverse("infusion:vitals", args=[ward.participant.study_id]) + "?visit=admission")
    assert f'<option value="{visit.pk}" selected>' in page.content.decode()


def test_a_visit_that_does_not_exist_is_not_found(ward: Ward) -> None:
    client = Client()
    client.force_login(make_user("recorder", ward.site, "nurse"))
    address = reverse("infusion:vitals", args=[ward.participant.study_id])
    assert client.get(address + "?visit=nowhere").status_code == 404
