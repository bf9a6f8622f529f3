"""What stands on the bedside page can be corrected from there, by whoever may enter it, and tells that it was."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse

from infusion import services
from infusion.models import Infusion
from tests.infusion.test_views import address, signed_in
from tests.infusion.ward import Ward, hours, make_site, make_user, start
from trial.audit.context import audited
from trial.permissions import ACTIONS, Role

pytestmark = pytest.mark.django_db


def recorded(ward: Ward) -> dict[str, Any]:
    """One row of each kind that is corrected at the bedside, by the kind's name in the address."""
    infusion = start(ward)
    nurse = ward.nurse
    given: dict[str, Any] = {"occurred_at": hours(2)}
    levels = {"ketamine": Decimal("412.5"), "norketamine": None}
    vitals: dict[str, Any] = {"systolic": 120, "diastolic": 70, "heart_rate": 70}
    return {
        "vitals": services.record_vitals(nurse, ward.participant, **vitals, **given),
        "clonidine": services.record_clonidine(nurse, ward.participant, dose_mg=Decimal("0.1"), **given),
        "side-effects": services.record_side_effects(
            nurse, ward.participant, scores={"nausea": 2, "fatigue": 0}, other="itching", **given
        ),
        "serum": services.record_serum_sample(nurse, ward.participant, sample="day_2_0800", levels=levels, **given),
        "bag": infusion.bags.get(),
    }


def correction(ward: Ward, kind: str, row: Any) -> str:
    return reverse("infusion:correct", args=[ward.participant.study_id, kind, row.pk])


def typed(page: Any) -> dict[str, Any]:
    """What a browser would send of a form as it is shown."""
    form = page.context["form"]
    values = {field.html_name: field.value() for field in form}
    at = form.initial["occurred_at"].astimezone(ZoneInfo("America/Chicago"))
    values["occurred_at"] = at.strftime("%Y-%m-%dT%H:%M")
    plain = {name: getattr(value, "pk", value) for name, value in values.items()}
    return {name: value for name, value in plain.items() if value is not None}


CHANGES: dict[str, tuple[dict[str, Any], str]] = {
    "vitals": ({"systolic": "125"}, "125/70"),
    "clonidine": ({"dose_mg": "0.2"}, "0.20"),
    "side-effects": ({"item_nausea": "1"}, "Nausea: 1 Mild"),
    "serum": ({"level_ketamine": "41.5"}, "41.5"),
    "bag": ({"lot": "A7"}, "A7"),
}


@pytest.mark.parametrize("kind", CHANGES)
def test_each_row_is_corrected_with_a_reason_and_then_says_so(ward: Ward, kind: str) -> None:
    row, client = recorded(ward)[kind], signed_in(ward.nurse)
    assert correction(ward, kind, row) in client.get(address("detail", ward)).content.decode()
    shown = typed(client.get(correction(ward, kind, row)))
    change, said = CHANGES[kind]
    without = client.post(correction(ward, kind, row), {**shown, **change})
    assert without.status_code == 422
    assert "correction" in without.context["form"].errors
    saved = client.post(correction(ward, kind, row), {**shown, **change, "correction": "typed wrongly"})
    assert saved.headers["Location"] == address("detail", ward)
    page = client.get(address("detail", ward)).content.decode()
    assert said in page
    assert "corrected" in page
    assert type(row).objects.get(pk=row.pk).occurred_at == row.occurred_at


@pytest.mark.parametrize("kind", CHANGES)
def test_a_correction_of_what_somebody_else_corrected_keeps_both_sides(ward: Ward, kind: str) -> None:
    row, client = recorded(ward)[kind], signed_in(ward.nurse)
    shown = {**typed(client.get(correction(ward, kind, row))), "correction": "typed wrongly"}
    change, _ = CHANGES[kind]
    other = signed_in(ward.other_nurse).post(correction(ward, kind, row), {**shown, "occurred_at": "2026-03-02T13:00"})
    assert other.status_code == 302
    late = client.post(correction(ward, kind, row), {**shown, **change, "occurred_at": "2026-03-02T14:00"})
    assert late.status_code == 409
    when, own = sorted(late.context["form"].conflict.differences, key=lambda one: one.name != "occurred_at")
    sides = (when.opened.words, when.saved.words, when.typed.words)
    assert (when.label, sides[1:]) == ("When", ("2026-03-02 13:00", "2026-03-02 14:00"))
    assert sides[0] == f"{row.occurred_at.astimezone(ZoneInfo('America/Chicago')):%Y-%m-%d %H:%M}"
    assert (when.side, own.side) == ("", "mine"), "where both changed, nothing is chosen beforehand"
    assert own.opened.words == own.saved.words != own.typed.words
    assert type(row).objects.get(pk=row.pk).version == 2


def test_a_row_of_somebody_else_or_of_another_kind_is_not_there(ward: Ward) -> None:
    rows, client = recorded(ward), signed_in(ward.nurse)
    assert client.get(correction(ward, "bag", rows["vitals"])).status_code == 404
    assert client.get(correction(ward, "alert", rows["vitals"])).status_code == 404
    stranger = signed_in(make_user("stranger", make_site("Z"), "nurse", "psychiatrist"))
    assert stranger.get(correction(ward, "vitals", rows["vitals"])).status_code == 404


@pytest.mark.parametrize("role", list(Role))
def test_corrections_ask_for_the_right_of_the_entry(ward: Ward, role: Role) -> None:
    rows, name = recorded(ward), ward.participant.study_id
    services.stop_infusion(ward.nurse, Infusion.objects.get(), completed=True, occurred_at=hours(96))
    client = signed_in(make_user("someone", ward.site, role.value))
    rate = reverse("infusion:correct_rate", args=[name, Infusion.objects.get().rates.all()[0].pk])
    orders = [rate, reverse("infusion:correct_start", args=[name])]
    records = [reverse("infusion:correct_end", args=[name]), *(correction(ward, kind, rows[kind]) for kind in rows)]
    for action, addresses in (("infusion.order", orders), ("infusion.record", records)):
        for url in addresses:
            assert client.get(url).status_code == (200 if role in ACTIONS[action] else 403), url


def test_the_history_of_a_row_is_linked_for_whoever_may_read_it(ward: Ward) -> None:
    row = recorded(ward)["vitals"]
    link = reverse("audit:history", args=["infusion.Vitals", row.pk])
    monitor = signed_in(make_user("mo", ward.site, "monitor"))
    assert link in monitor.get(address("detail", ward)).content.decode()
    assert monitor.get(link).status_code == 200
    assert link in signed_in(ward.nurse).get(address("detail", ward)).content.decode()
    assert signed_in(ward.nurse).get(link).status_code == 200


def test_a_checklist_is_read_back_item_by_item(ward: Ward) -> None:
    recorded(ward)
    page = signed_in(ward.nurse).get(address("detail", ward)).content.decode()
    for words in ("Nausea: 2 Moderate", "Fatigue: 0 None", "Other: itching", "18 items not asked"):
        assert words in page


def test_the_rate_the_start_and_the_end_are_corrected_from_their_pages(ward: Ward) -> None:
    infusion = start(ward)
    services.stop_infusion(ward.nurse, infusion, completed=False, reason="slip", occurred_at=hours(10))
    client, name = signed_in(ward.nurse), ward.participant.study_id
    rate = reverse("infusion:correct_rate", args=[name, infusion.rates.order_by("occurred_at")[0].pk])
    why = {"correction": "typed wrongly"}
    shown = {**typed(client.get(rate)), **why, "reason": "first rate"}
    assert client.post(rate, shown).status_code == 302
    begun, ended = (reverse(f"infusion:correct_{what}", args=[name]) for what in ("start", "end"))
    shown = {**typed(client.get(begun)), **why, "occurred_at": "2026-03-02T09:00"}
    assert client.post(begun, shown).status_code == 302
    shown = {**typed(client.get(ended)), **why}
    later = {"occurred_at": "2026-03-02T21:00", "end_reason": "nausea"}
    assert client.post(ended, {**shown, **later}).status_code == 302
    now = Infusion.objects.get()
    assert (now.occurred_at, now.ended_at, now.end_reason) == (hours(-1), hours(11), "nausea")
    assert client.post(ended, {**shown, "completed": "not ended", "key": uuid4()}).status_code == 409
    shown = {**typed(client.get(ended)), **why, "completed": "not ended"}
    assert client.post(ended, shown).status_code == 302
    assert Infusion.objects.get().ended_at is None
    assert client.get(ended).status_code == 404


def rate_page(ward: Ward, infusion: Infusion) -> str:
    return reverse("infusion:correct_rate", args=[ward.participant.study_id, infusion.rates.get().pk])


def test_who_corrects_a_rate_does_not_check_it(ward: Ward) -> None:
    page, client = rate_page(ward, start(ward)), signed_in(ward.other_nurse)
    shown = typed(client.get(page))
    assert shown["checked_by"] == ward.other_nurse.pk
    changed = {**shown, "rate": "0.10", "correction": "typed wrongly"}
    refused = client.post(page, changed)
    assert refused.status_code == 422
    assert refused.context["form"].errors["checked_by"] == ["Somebody else than you has to check this rate."]
    assert client.post(page, {**shown, "explanation": "first rate", "correction": "no reason given"}).status_code == 302


def test_only_who_may_order_an_infusion_takes_its_end_back(ward: Ward) -> None:
    infusion = start(ward)
    services.stop_infusion(ward.nurse, infusion, completed=False, reason="by mistake", occurred_at=hours(5))
    page = reverse("infusion:correct_end", args=[ward.participant.study_id])
    coordinator = signed_in(make_user("carl", ward.participant.site, Role.COORDINATOR))
    taken_back = {**typed(coordinator.get(page)), "completed": "not ended", "correction": "another patient"}
    refused = coordinator.post(page, taken_back)
    assert refused.status_code == 422
    assert "It would run again, which is an order" in refused.content.decode()
    infusion.refresh_from_db()
    assert infusion.ended_at is not None
    assert signed_in(ward.nurse).post(page, taken_back).status_code == 302
    infusion.refresh_from_db()
    assert infusion.ended_at is None


def test_a_second_check_is_offered_only_by_who_may_order_and_has_delegated_duties(ward: Ward) -> None:
    start(ward)
    site = ward.participant.site
    make_user("carl", site, "coordinator")
    undelegated = make_user("nils", site, "nurse")
    with audited("system:tests", "set up"):
        undelegated.delegations.update(starts_on=site.today + timedelta(days=1))
    page = signed_in(ward.nurse).get(address("rate", ward))
    offered = {person.username for person in page.context["form"].fields["checked_by"].queryset}
    assert offered == {ward.other_nurse.username, ward.psychiatrist.username}
