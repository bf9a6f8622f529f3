"""Two people on one record: the three sides are read from the trail, and the author decides field by field."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse

from infusion import services
from infusion.models import SerumSample, Vitals
from tests.infusion.ward import hours, start
from tests.trial.records.forms_sent import Desk, as_shown
from trial.audit import past
from trial.audit.models import AuditEntry
from trial.audit.queries import entry_time
from trial.records.conflicts import BASE, SIDE, TYPED

RECORDED: dict[str, Any] = {"systolic": 120, "diastolic": 70, "heart_rate": 60}


@pytest.fixture
def desk(db: None) -> Desk:
    return Desk()


@pytest.fixture
def vitals(desk: Desk) -> Vitals:
    return services.record_vitals(desk.person, desk.participant, **RECORDED, occurred_at=hours(1))


def address(desk: Desk, row: Any, kind: str = "vitals") -> str:
    return reverse("infusion:correct", args=[desk.participant.study_id, kind, row.pk])


def shown(desk: Desk, url: str) -> dict[str, Any]:
    return as_shown(desk.client.get(url).context["form"])


def overtaken(desk: Desk, url: str, mine: dict[str, str], theirs: dict[str, str]) -> Any:
    """Both open the form, the colleague saves first; the answer to the person's own save."""
    opened = shown(desk, url)
    colleague = desk.colleague()
    answer = colleague.post(url, {**opened, **theirs, "correction": "read again at the monitor"})
    assert answer.status_code == 302
    late = desk.client.post(url, {**opened, **mine, "correction": "typed wrongly"})
    assert late.status_code == 409
    return late


def sides(late: Any) -> dict[str, tuple[str, str, str, str]]:
    """Each field on which the sides differ: opened, saved, typed, and the choice that stands."""
    found = late.context["form"].conflict.differences
    return {one.name: (one.opened.words, one.saved.words, one.typed.words, one.side) for one in found}


def hidden(late: Any) -> dict[str, str]:
    """What the conflict adds to the form that is sent next."""
    conflict = late.context["form"].conflict
    typed = {TYPED + one.name: one.typed.control for one in conflict.differences}
    chosen = {SIDE + one.name: one.side for one in conflict.differences if one.side}
    return {BASE: conflict.base, **typed, **chosen}


def test_the_three_sides_stand_in_the_forms_words_with_the_choice_that_follows(desk: Desk, vitals: Vitals) -> None:
    theirs = {"systolic": "130", "diastolic": "75", "comment": "after coffee"}
    late = overtaken(desk, address(desk, vitals), {"systolic": "140", "heart_rate": "64"}, theirs)
    assert sides(late) == {
        "systolic": ("120", "130", "140", ""),
        "diastolic": ("70", "75", "70", "theirs"),
        "heart_rate": ("60", "60", "64", "mine"),
        "comment": ("none", "after coffee", "none", "theirs"),
    }
    page = late.content.decode()
    (entry,) = AuditEntry.objects.filter(table_name="infusion_vitals", op="U")
    at = entry_time(entry).astimezone(desk.participant.site.zone)
    assert "<strong>Quentin</strong>" in page
    assert f"saved it {at:%Y-%m-%d %H:%M} (site time). Reason: read again at the monitor" in page
    for label in ("Systolic (mmHg)", "Diastolic (mmHg)", "Heart rate (beats/min)", "Comment"):
        assert f'<th scope="row">{label}' in page


def test_the_form_holds_what_was_typed_and_what_is_saved_at_the_new_version_under_a_fresh_key(
    desk: Desk, vitals: Vitals
) -> None:
    url = address(desk, vitals)
    key = shown(desk, url)["key"]
    late = overtaken(desk, url, {"systolic": "140", "heart_rate": "64"}, {"systolic": "130", "diastolic": "75"})
    form = as_shown(late.context["form"])
    assert {name: form[name] for name in ("systolic", "diastolic", "heart_rate", "correction", "version")} == {
        "systolic": "140", "diastolic": "75", "heart_rate": "64", "correction": "typed wrongly", "version": "2",
    }  # fmt: skip
    assert form["key"] != key


def test_what_both_changed_has_to_be_chosen_before_it_is_saved(desk: Desk, vitals: Vitals) -> None:
    url = address(desk, vitals)
    late = overtaken(desk, url, {"systolic": "140"}, {"systolic": "130"})
    form = {**as_shown(late.context["form"]), **hidden(late)}
    undecided = desk.client.post(url, form)
    assert undecided.status_code == 422
    assert "Both of you changed this" in undecided.content.decode()
    assert sides(undecided)["systolic"] == ("120", "130", "140", ""), "the page still shows the three sides"
    assert desk.client.post(url, {**form, SIDE + "systolic": "mine"}).status_code == 302
    vitals.refresh_from_db()
    assert (vitals.systolic, vitals.version) == (140, 3)
    reasons = AuditEntry.objects.filter(table_name="infusion_vitals", op="U").order_by("id")
    assert [entry.reason for entry in reasons] == ["read again at the monitor", "typed wrongly"]


def test_theirs_may_be_taken_and_a_missing_reason_keeps_the_choices(desk: Desk, vitals: Vitals) -> None:
    url = address(desk, vitals)
    late = overtaken(desk, url, {"systolic": "140", "heart_rate": "64"}, {"systolic": "130"})
    form = {**as_shown(late.context["form"]), **hidden(late), "systolic": "130", SIDE + "systolic": "theirs"}
    without = desk.client.post(url, {**form, "correction": ""})
    assert without.status_code == 422
    assert sides(without)["systolic"] == ("120", "130", "140", "theirs"), "one's own value can still be taken back"
    assert desk.client.post(url, form).status_code == 302
    vitals.refresh_from_db()
    assert (vitals.systolic, vitals.heart_rate) == (130, 64)


def test_a_third_save_in_between_is_a_conflict_again(desk: Desk, vitals: Vitals) -> None:
    url = address(desk, vitals)
    late = overtaken(desk, url, {"systolic": "140"}, {"systolic": "130"})
    form = {**as_shown(late.context["form"]), **hidden(late), SIDE + "systolic": "mine"}
    vitals.refresh_from_db()
    given: dict[str, Any] = {**RECORDED, "systolic": 135, "occurred_at": hours(1), "version": 2, "reason": "third"}
    services.correct_vitals(desk.ward.nurse, vitals, **given)
    again = desk.client.post(url, form)
    assert again.status_code == 409
    assert sides(again)["systolic"][:3] == ("120", "135", "140")
    assert len(again.context["form"].conflict.saves) == 2


def test_the_levels_of_a_sample_stand_as_they_were_when_it_was_opened(desk: Desk) -> None:
    levels = {"ketamine": Decimal("40"), "norketamine": None}
    given: dict[str, Any] = {"sample": "day_2_0800", "levels": levels, "occurred_at": hours(1)}
    row = services.record_serum_sample(desk.person, desk.participant, **given)
    theirs = {"level_ketamine": "42", "level_norketamine": "7.5"}
    late = overtaken(desk, address(desk, row, "serum"), {"level_ketamine": "44"}, theirs)
    assert sides(late) == {
        "level_ketamine": ("40", "42", "44", ""),
        "level_norketamine": ("<", "7.5", "<", "theirs"),
    }
    assert SerumSample.objects.get().version == 2


def test_an_end_that_was_taken_back_meanwhile_is_told_and_not_a_missing_page(desk: Desk) -> None:
    infusion = start(desk.ward)
    services.stop_infusion(desk.ward.nurse, infusion, completed=False, reason="slip", occurred_at=hours(10))
    url = reverse("infusion:correct_end", args=[desk.participant.study_id])
    late = overtaken(desk, url, {"end_reason": "nausea"}, {"completed": "not ended"})
    assert sides(late)["end_reason"][2] == "nausea"


@pytest.mark.parametrize("version", ["0", "99", "x", "-1"])
def test_a_version_that_never_was_shows_what_is_saved_beside_what_was_typed(
    desk: Desk, vitals: Vitals, version: str
) -> None:
    url = address(desk, vitals)
    late = desk.client.post(url, {**shown(desk, url), "version": version, "systolic": "140", "correction": "typo"})
    assert late.status_code in (409, 422)
    vitals.refresh_from_db()
    assert vitals.systolic == 120


def test_a_row_is_read_back_from_the_trail_as_the_models_hold_it(desk: Desk, vitals: Vitals) -> None:
    row = services.record_side_effects(
        desk.person, desk.participant, scores={"nausea": 2}, other="itching", occurred_at=hours(2)
    )
    for found in (vitals, row, desk.visit("baseline"), desk.participant):
        fresh = type(found).objects.get(pk=found.pk)
        stood: Any = past.as_it_stood(type(found), found.pk, fresh.version)
        values = {field.attname: getattr(stood, field.attname) for field in found._meta.concrete_fields}
        assert values == {field.attname: getattr(fresh, field.attname) for field in found._meta.concrete_fields}
