"""Each role sees and does at the bedside what the permission table says, at its own site only."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from infusion.models import ClonidineDose, Infusion, SerumLevel, SideEffects, Vitals
from tests.infusion.ward import Ward, hours, make_site, make_user, make_ward, start
from trial.permissions import ACTIONS, Role
from trial.users.models import User

pytestmark = pytest.mark.django_db

READ = ("detail", "panel", "state", "course")
ORDER = ("start", "rate")
RECORD = ("bag", "stop", "clonidine", "vitals", "side_effects", "serum")
ACTION = dict.fromkeys(READ, "infusion.read") | dict.fromkeys(ORDER, "infusion.order")
ACTION |= dict.fromkeys(RECORD, "infusion.record")


@pytest.fixture
def ward() -> Ward:
    return make_ward()


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def address(name: str, ward: Ward) -> str:
    return reverse(f"infusion:{name}", args=[ward.participant.study_id])


def post(client: Client, url: str, htmx: bool = False, **values: Any) -> Any:
    given = {"key": str(uuid.uuid4()), "occurred_at": "2026-03-03T10:00", **values}
    return client.post(url, given, headers={"HX-Request": "true"} if htmx else {})


@pytest.mark.parametrize("role", list(Role))
def test_every_address_asks_for_its_right(ward: Ward, role: Role) -> None:
    start(ward)
    client = signed_in(make_user("someone", ward.site, role.value))
    for name, action in ACTION.items():
        allowed = role in ACTIONS[action]
        assert client.get(address(name, ward)).status_code == (200 if allowed else 403), name


def test_another_sites_participant_is_not_there(ward: Ward) -> None:
    start(ward)
    stranger = signed_in(make_user("stranger", make_site("Z"), "nurse", "psychiatrist"))
    for name in ACTION:
        assert stranger.get(address(name, ward)).status_code == 404, name
    assert post(stranger, address("vitals", ward), systolic=120, diastolic=70, heart_rate=70).status_code == 404
    assert not Vitals.objects.exists()


def test_the_bedside_shows_the_rate_and_always_the_stop(ward: Ward) -> None:
    client = signed_in(ward.nurse)
    before = client.get(address("detail", ward)).content.decode()
    assert address("start", ward) in before
    start(ward)
    for name in ("detail", "vitals", "clonidine", "side_effects", "serum", "bag"):
        page = client.get(address(name, ward)).content.decode()
        assert address("stop", ward) in page, name
    page = client.get(address("state", ward)).content.decode()
    assert "0.15 <small>mg/kg/h" in page
    assert "pump 6 mL/h" in page


def test_pages_carry_no_inline_script_or_style(ward: Ward) -> None:
    start(ward)
    client = signed_in(ward.nurse)
    for name in ACTION:
        page = client.get(address(name, ward)).content.decode()
        assert " style=" not in page, name
        assert "<style" not in page, name
        assert "<script>" not in page, name
        assert "onclick" not in page, name


def test_the_rate_form_answers_in_place(ward: Ward) -> None:
    infusion, client = start(ward), signed_in(ward.nurse)
    key = str(uuid.uuid4())
    change: dict[str, Any] = {"rate": "0.30", "reason": "step", "checked_by": str(ward.other_nurse.pk), "key": key}
    late = post(client, address("rate", ward), htmx=True, **{**change, "occurred_at": "2026-03-02T23:00"})
    assert late.headers["HX-Trigger"] == "rate-changed" or "rate-changed" in late.headers["HX-Trigger"]
    assert "Rate 0.30" in late.content.decode()
    again = post(client, address("rate", ward), htmx=True, **{**change, "occurred_at": "2026-03-02T23:00"})
    assert again.status_code == 200
    other = post(
        client,
        address("rate", ward),
        htmx=True,
        **{**change, "rate": "0.20", "occurred_at": "2026-03-02T23:00"},
    )
    assert other.status_code == 422
    assert "already saved with other content" in other.content.decode()
    assert infusion.rates.count() == 2


def test_a_refused_rate_says_why_and_offers_the_override(ward: Ward) -> None:
    infusion, client = start(ward), signed_in(ward.nurse)
    soft: dict[str, Any] = {
        "rate": "0.30",
        "reason": "step",
        "checked_by": str(ward.other_nurse.pk),
        "occurred_at": "2026-03-02T19:00",
    }
    page = post(client, address("rate", ward), htmx=True, **soft)
    assert page.status_code == 422
    assert "Interval between increases 9 h is below 10 h" in page.content.decode()
    assert "HX-Trigger" not in page.headers
    assert post(client, address("rate", ward), htmx=True, **soft, override_reason="scan").status_code == 200
    assert infusion.rates.count() == 2


def test_without_scripts_the_rate_form_leads_back_to_the_bedside(ward: Ward) -> None:
    start(ward)
    answer = post(
        signed_in(ward.nurse),
        address("rate", ward),
        rate="0.10",
        reason="nausea",
        occurred_at="2026-03-02T11:00",
    )
    assert answer.headers["Location"] == address("detail", ward)


def test_an_order_to_start_without_eligibility_stays_on_the_form() -> None:
    ward = make_ward(eligible=None)
    page = post(
        signed_in(ward.nurse), address("start", ward), dosing_weight_kg="80", rate="0.15", concentration="2",
        volume_ml="500", checked_by=str(ward.other_nurse.pk),
    )  # fmt: skip
    assert page.status_code == 422
    assert "Eligibility is not decided" in page.content.decode()
    assert not Infusion.objects.exists()


def test_each_form_saves_its_record(ward: Ward) -> None:
    start(ward)
    client = signed_in(ward.nurse)
    assert post(client, address("vitals", ward), systolic=120, diastolic=70, heart_rate=70).status_code == 302
    assert post(client, address("clonidine", ward), dose_mg="0.1", is_given="yes").status_code == 302
    assert post(client, address("side_effects", ward), item_nausea="2", item_fatigue="0").status_code == 302
    levels: dict[str, Any] = {"level_ketamine": "412.5", "level_norketamine": "<"}
    assert post(client, address("serum", ward), sample="day_2_0800", **levels).status_code == 302
    assert post(client, address("bag", ward), concentration="1", volume_ml="500").status_code == 302
    assert post(client, address("stop", ward), completed="no", occurred_at="2026-03-05T10:00").status_code == 302
    assert (Vitals.objects.count(), ClonidineDose.objects.count()) == (1, 1)
    assert SideEffects.objects.get().scores == {"nausea": 2, "fatigue": 0}
    assert SerumLevel.objects.get(analyte="norketamine").concentration is None
    assert Infusion.objects.get().ended_at == hours(72)


def test_times_are_the_sites(ward: Ward) -> None:
    post(signed_in(ward.nurse), address("vitals", ward), systolic=120, diastolic=70, heart_rate=70)
    assert Vitals.objects.get().occurred_at == hours(24)  # 10:00 in Chicago


def test_a_time_to_come_is_not_taken(ward: Ward) -> None:
    later = (timezone.now() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
    page = post(
        signed_in(ward.nurse),
        address("vitals", ward),
        systolic=120,
        diastolic=70,
        heart_rate=70,
        occurred_at=later,
    )
    assert page.status_code == 422
    assert not Vitals.objects.exists()


@pytest.mark.parametrize("name", ["bag", "clonidine", "vitals", "rate", "stop"])
@pytest.mark.parametrize("at", ["0001-01-01T00:00", "0001-01-01T00:00+14:00", "0202-03-02T11:00"])
def test_a_year_that_cannot_be_stays_on_the_form(ward: Ward, name: str, at: str) -> None:
    start(ward)
    values = {
        "bag": {"concentration": "2", "volume_ml": "500"},
        "clonidine": {"dose_mg": "0.1", "is_given": "yes"},
        "vitals": {"systolic": "120", "diastolic": "70", "heart_rate": "70"},
        "rate": {"rate": "0", "reason": "pause"},
        "stop": {"completed": "no"},
    }
    given: dict[str, Any] = {**values[name], "occurred_at": at, "happened": "on"}
    response = post(signed_in(ward.psychiatrist), address(name, ward), **given)
    assert response.status_code == 422
    assert "cannot be" in response.content.decode()


def test_an_empty_checklist_is_not_saved_as_zeros(ward: Ward) -> None:
    page = post(signed_in(ward.nurse), address("side_effects", ward))
    assert page.status_code == 422
    assert not SideEffects.objects.exists()


def test_the_chart_reads_hours_since_the_start(ward: Ward) -> None:
    start(ward)
    client = signed_in(ward.nurse)
    post(client, address("vitals", ward), systolic=120, diastolic=70, heart_rate=65)
    post(client, address("stop", ward), completed="no", occurred_at="2026-03-05T10:00")
    data = client.get(address("course", ward)).json()
    assert data["rate"] == {"hours": [0.0, 72.0, 72.0], "rate": [0.15, 0.0, 0.0]}
    assert data["vitals"] == {"hours": [24.0], "systolic": [120], "diastolic": [70], "heart_rate": [65]}
