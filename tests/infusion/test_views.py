"""Each role sees and does at the bedside what the permission table says, at its own site only."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from infusion import services
from infusion.models import ClonidineDose, Infusion, SerumLevel, SideEffects, Vitals
from tests.infusion.ward import Ward, hours, make_site, make_user, make_ward, start
from trial.participants.services import plan_infusion
from trial.permissions import ACTIONS, Role
from trial.users.models import User

pytestmark = pytest.mark.django_db

READ = ("detail", "panel", "state", "course")
ORDER = ("start", "rate")
RECORD = ("bag", "stop", "clonidine", "vitals", "side_effects", "serum")
ACTION = dict.fromkeys(READ, "infusion.read") | dict.fromkeys(ORDER, "infusion.order")
ACTION |= dict.fromkeys(RECORD, "infusion.record")


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
    change["happened"] = "on"
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


def ago(count: float) -> str:
    """So many hours before now, as the site's clock showed it, for a form."""
    at = timezone.now() - timedelta(hours=count)
    return at.astimezone(ZoneInfo("America/Chicago")).strftime("%Y-%m-%dT%H:%M")


def began(ward: Ward, count: float) -> Infusion:
    """The infusion as it began so many hours before now."""
    return start(ward, occurred_at=timezone.now() - timedelta(hours=count), happened=True)


def test_a_warning_says_that_a_reason_passes_it_and_offers_the_override(ward: Ward) -> None:
    infusion, client = began(ward, 9.02), signed_in(ward.nurse)
    soft: dict[str, Any] = {"rate": "0.30", "reason": "step", "checked_by": str(ward.other_nurse.pk)}
    soft["occurred_at"] = ago(0)
    page = post(client, address("rate", ward), htmx=True, **soft)
    assert page.status_code == 422
    form = page.context["form"]
    assert re.search(r"increases 9(\.\d+)? h is below 10 h\. A warning: give a reason", form.errors["occurred_at"][0])
    free = (infusion.occurred_at + timedelta(hours=10)).astimezone(ZoneInfo("America/Chicago"))
    assert f"Without one from {free:%Y-%m-%d %H:%M}" in form.errors["occurred_at"][0]
    assert "override_reason" in form.errors
    assert "HX-Trigger" not in page.headers
    assert post(client, address("rate", ward), htmx=True, **soft, override_reason="scan").status_code == 200
    assert infusion.rates.count() == 2


def test_a_hard_limit_says_that_no_reason_passes_it_each_violation_by_itself(ward: Ward) -> None:
    infusion, client = began(ward, 2.64), signed_in(ward.nurse)
    given: dict[str, Any] = {"rate": "0.70", "reason": "step", "occurred_at": ago(0), "override_reason": "urgent"}
    page = post(client, address("rate", ward), htmx=True, **given)
    errors = page.context["form"].errors
    (interval,) = errors["occurred_at"]
    assert "below 8 h. A hard limit: no reason passes it." in interval
    allowed = (infusion.occurred_at + timedelta(hours=8)).astimezone(ZoneInfo("America/Chicago"))
    assert f"Allowed with a reason from {allowed:%Y-%m-%d %H:%M}" in interval
    assert len(errors["rate"]) == 3  # rate above 0.612, cumulative dose above 62.4, increase above 0.30
    assert "second person" in errors["checked_by"][0]
    assert "override_reason" not in errors


def test_an_order_for_the_past_must_be_called_a_fact(ward: Ward) -> None:
    infusion, client = began(ward, 12), signed_in(ward.nurse)
    given: dict[str, Any] = {"rate": "0.30", "reason": "step", "checked_by": str(ward.other_nurse.pk)}
    given["occurred_at"] = ago(0.5)
    page = post(client, address("rate", ward), htmx=True, **given)
    assert re.search("3[01] min back", page.context["form"].errors["happened"][0])
    assert "a deviation is kept" in page.content.decode()  # what the tick means
    lowered = {**given, "rate": "0.10", "reason": "nausea"}
    assert post(client, address("rate", ward), htmx=True, **lowered).status_code == 200
    assert post(client, address("rate", ward), htmx=True, **given, happened="on").status_code == 200
    assert infusion.rates.count() == 3


def test_a_start_longer_back_than_an_infusion_lasts_is_confirmed_and_leads_to_its_end(ward: Ward) -> None:
    client = signed_in(ward.nurse)
    given: dict[str, Any] = {"dosing_weight_kg": "80", "rate": "0.15", "concentration": "2", "volume_ml": "500"}
    given |= {"checked_by": str(ward.other_nurse.pk), "occurred_at": ago(48 * 24)}
    page = post(client, address("start", ward), **given)
    assert set(page.context["form"].errors) == {"happened", "confirmed"}
    page = post(client, address("start", ward), **given, happened="on")
    assert "48 days back, and an infusion lasts 96 h" in page.context["form"].errors["confirmed"][0]
    assert 'type="checkbox" name="confirmed"' in page.content.decode()
    assert not Infusion.objects.exists()
    saved = post(client, address("start", ward), **given, happened="on", confirmed="on")
    assert saved.headers["Location"] == address("stop", ward)
    assert client.get(address("stop", ward)).context["form"].initial["occurred_at"] is None


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
        volume_ml="500", checked_by=str(ward.other_nurse.pk), occurred_at=ago(0),
    )  # fmt: skip
    assert page.status_code == 422
    assert "Eligibility is not decided" in page.content.decode()
    assert not Infusion.objects.exists()


def test_each_form_saves_its_record(ward: Ward) -> None:
    start(ward)
    client = signed_in(ward.nurse)
    assert post(client, address("vitals", ward), systolic=120, diastolic=70, heart_rate=70).status_code == 302
    assert post(client, address("clonidine", ward), dose_mg="0.1", is_given="yes", happened="on").status_code == 302
    assert post(client, address("side_effects", ward), item_nausea="2", item_fatigue="0").status_code == 302
    levels: dict[str, Any] = {"level_ketamine": "412.5", "level_norketamine": "<"}
    assert post(client, address("serum", ward), sample="day_2_0800", **levels).status_code == 302
    assert post(client, address("bag", ward), concentration="1", volume_ml="500", happened="on").status_code == 302
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


@pytest.mark.parametrize(
    ("name", "field", "typed", "said"),
    [
        (
            "vitals",
            "oxygen_saturation",
            "300",
            "Oxygen saturation is 30 to 100 %; 300 is not possible. Check the number",
        ),
        ("vitals", "systolic", "13", "Systolic pressure is 30 to 300 mmHg; 13 is not possible"),
        ("clonidine", "dose_mg", "15", "A dose of clonidine is 0 to 10 mg; 15 is not possible"),
        ("bag", "concentration", "200", "Concentration is 0 to 100 mg/mL; 200 is not possible"),
        ("start", "dosing_weight_kg", "800", "Weight is 25 to 350 kg; 800 is not possible"),
    ],
)
def test_what_cannot_be_is_refused_even_as_a_fact_and_in_words(
    ward: Ward, name: str, field: str, typed: str, said: str
) -> None:
    start(ward)
    given: dict[str, Any] = {field: typed, "happened": "on"}
    page = post(signed_in(ward.nurse), address(name, ward), **given)
    assert page.status_code == 422
    assert said in page.context["form"].errors[field][0]


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
    assert data["axis"] == [0.0, 72.0]
    assert data["vitals"] == {"hours": [24.0], "systolic": [120], "diastolic": [70], "heart_rate": [65]}


def test_after_the_end_nothing_is_live(ward: Ward) -> None:
    infusion, client = start(ward), signed_in(ward.nurse)
    given: dict[str, Any] = {"systolic": 120, "diastolic": 70, "heart_rate": 70, "oxygen_saturation": 88}
    services.record_vitals(ward.nurse, ward.participant, **given, occurred_at=hours(1))
    assert "Stop the infusion, call the physician" in client.get(address("state", ward)).content.decode()
    services.pause_infusion(ward.nurse, infusion, occurred_at=hours(2), reason="desaturation")
    services.stop_infusion(ward.nurse, infusion, completed=False, reason="desaturation", occurred_at=hours(3))
    page = client.get(address("detail", ward)).content.decode()
    assert "call the physician" not in page
    assert 'current-rate">Ended' in page
    assert "New bag" not in page
    assert "Late entry: bag" in page
    order = post(client, address("bag", ward), concentration="2", volume_ml="500", occurred_at=ago(0))
    assert "The infusion ended 2026-03-02 13:00" in order.context["form"].errors["occurred_at"][0]
    services.record_vitals(ward.nurse, ward.participant, **given, occurred_at=hours(4))
    after = client.get(address("state", ward)).content.decode()
    assert "Oxygen saturation low" in after
    assert "Stop the infusion" not in after


def test_the_page_asks_for_vital_signs_that_are_not_there(ward: Ward) -> None:
    began(ward, 0.1)
    client = signed_in(ward.nurse)
    page = client.get(address("state", ward)).content.decode()
    assert "No vital signs yet" in page
    services.record_vitals(ward.nurse, ward.participant, systolic=120, diastolic=70, heart_rate=70)
    assert "No vital signs yet" not in client.get(address("state", ward)).content.decode()


def test_an_entry_opened_from_a_visit_leads_back_to_it(ward: Ward) -> None:
    start(ward)
    client, visit = signed_in(ward.nurse), reverse("participants:visit", args=[ward.participant.study_id, "discharge"])
    form = f"{address('vitals', ward)}?visit=discharge"
    assert visit in client.get(form).content.decode()
    assert post(client, form, systolic=120, diastolic=70, heart_rate=70).headers["Location"] == visit


@pytest.mark.parametrize(("since", "code"), [(2.7, "infusion_day_1"), (97, "infusion_day_5")])
def test_the_visit_of_a_checklist_is_the_one_on_this_side_of_the_start(ward: Ward, since: float, code: str) -> None:
    began(ward, since)
    form = signed_in(ward.nurse).get(address("side_effects", ward)).context["form"]
    assert form.initial["visit"] == ward.participant.visits.get(code=code).pk


def test_before_the_start_no_visit_of_the_infusion_is_preset(ward: Ward) -> None:
    tomorrow = timezone.now().astimezone(ward.site.zone).date() + timedelta(days=1)
    planned = plan_infusion(ward.psychiatrist, ward.participant, on=tomorrow, version=ward.participant.version)
    form = signed_in(ward.nurse).get(address("side_effects", ward)).context["form"]
    assert planned.visits.get(pk=form.initial["visit"]).code in ("baseline", "admission")
