"""The moves of a query and the judgement of each edit check at its bounds.

The bounds are the proposals of trial/monitoring/plausible.py and the weight change of the protocol
(infusion.weight_change_reverified, 10 %); they are written here by hand.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trial.monitoring import rules
from trial.monitoring.plausible import LIMITS
from trial.monitoring.rules import CHECKS, Recorded, Surroundings, after, checks_of, faults

AT = datetime(2026, 3, 16, 15, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def a_record(table: str, at: datetime = AT, **changes: Any) -> Recorded:
    """A record of a table with these values; the rest of what a check reads is named by *changes*."""
    known = {"held_on", "around", "is_at_visit", "now"}
    given: dict[str, Any] = {"now": AT, **{name: changes.pop(name) for name in known & changes.keys()}}
    return Recorded(table=table, values=changes, occurred_at=at, day=at.date(), **given)


def asked(code: str, record: Recorded) -> list[str]:
    """The fields that one check asks about."""
    return [fault.field for fault in CHECKS[code].judge(record)]


@pytest.mark.parametrize(
    ("state", "verb", "leads_to"),
    [
        ("open", "answered", "answered"),
        ("answered", "answered", "answered"),
        ("closed", "answered", None),
        ("open", "closed", "closed"),
        ("answered", "closed", "closed"),
        ("closed", "closed", None),
        ("open", "reopened", None),
        ("answered", "reopened", "open"),
        ("closed", "reopened", "open"),
        ("open", "withdrawn", "closed"),
        ("answered", "withdrawn", "closed"),
        ("closed", "withdrawn", None),
    ],
)
def test_each_verb_leads_from_some_states_only(state: Any, verb: Any, leads_to: str | None) -> None:
    assert after(state, verb) == leads_to


def test_an_item_without_a_reason_is_asked_about_and_one_with_a_reason_is_not() -> None:
    bare = a_record(rules.ASSESSMENT, missing={"reduced_sleep": "no reason given", "lassitude": "refused"})
    (fault,) = CHECKS["missing_item"].judge(bare)
    assert "reduced sleep" in fault.question
    assert "lassitude" not in fault.question
    assert asked("missing_item", a_record(rules.ASSESSMENT, missing={"lassitude": "refused"})) == []
    assert asked("missing_item", a_record(rules.ASSESSMENT, missing={})) == []


NOT_TAKEN: dict[str, Any] = dict.fromkeys(LIMITS[rules.VITALS])
NORMAL: dict[str, Any] = {
    "systolic": 120,
    "diastolic": 80,
    "heart_rate": 60,
    "respiratory_rate": 14,
    "oxygen_saturation": 98,
}


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [
        ("systolic", 80, 200),
        ("diastolic", 40, 120),
        ("heart_rate", 40, 140),
        ("respiratory_rate", 8, 30),
        ("oxygen_saturation", 85, 100),
    ],
)
def test_a_reading_is_usual_up_to_its_bounds_and_asked_about_beyond(name: str, least: int, most: int) -> None:
    for value in (least, most):
        assert asked("implausible", a_record(rules.VITALS, **{**NORMAL, name: value})) == []
    for value in (least - 1, most + 1):
        assert asked("implausible", a_record(rules.VITALS, **{**NORMAL, name: value})) == [name]


def test_a_reading_that_was_not_taken_is_not_asked_about() -> None:
    assert asked("implausible", a_record(rules.VITALS, **NOT_TAKEN)) == []


def test_usual_ranges_lie_within_what_the_fields_can_hold() -> None:
    from django.apps import apps

    from trial.participants.models.possible import Possible

    for table, limits in LIMITS.items():
        for name, limit in limits.items():
            validators = apps.get_model(table)._meta.get_field(name).validators
            for possible in (one for one in validators if isinstance(one, Possible)):
                assert possible.least <= limit.least < limit.most <= possible.most, f"{table}.{name}"


@pytest.mark.parametrize(
    ("weight", "is_asked"), [("71.5", False), ("71.6", True), ("58.5", False), ("58.4", True), ("65.0", False)]
)
def test_a_weight_is_asked_about_beyond_ten_per_cent_of_the_one_before(weight: str, is_asked: bool) -> None:
    before = ((AT - timedelta(days=30), Decimal("65.0")), (AT + timedelta(days=1), Decimal(40)))
    around = Surroundings(weights=before, reverified_from=Decimal(10))
    record = a_record(rules.PHYSICAL, weight_kg=Decimal(weight), around=around)
    assert asked("weight_change", record) == (["weight_kg"] if is_asked else [])


def test_a_first_weight_has_nothing_to_be_compared_with() -> None:
    later = Surroundings(weights=((AT + MINUTE, Decimal(40)),), reverified_from=Decimal(10))
    assert asked("weight_change", a_record(rules.INFUSION, dosing_weight_kg=Decimal(90), around=later)) == []


def test_a_rating_dated_on_another_day_than_its_visit_is_asked_about() -> None:
    assert asked("other_day", a_record(rules.ASSESSMENT, held_on=AT.date())) == []
    assert asked("other_day", a_record(rules.ASSESSMENT, held_on=date(2026, 3, 15))) == ["occurred_at"]
    assert asked("other_day", a_record(rules.ASSESSMENT, held_on=None)) == []


def test_what_lies_before_consent_is_asked_about_unless_a_visit_makes_it_a_deviation() -> None:
    signed = Surroundings(consented_at=AT)
    assert asked("before_consent", a_record(rules.VITALS, AT - MINUTE, around=signed)) == ["occurred_at"]
    assert asked("before_consent", a_record(rules.VITALS, AT, around=signed)) == []
    assert asked("before_consent", a_record(rules.VITALS, AT - MINUTE, around=signed, is_at_visit=True)) == []
    assert asked("before_consent", a_record(rules.VITALS, AT - MINUTE)) == []


def test_what_lies_after_withdrawal_is_asked_about() -> None:
    left = Surroundings(withdrew_at=AT)
    assert asked("after_withdrawal", a_record(rules.VITALS, AT + MINUTE, around=left)) == ["occurred_at"]
    assert asked("after_withdrawal", a_record(rules.VITALS, AT, around=left)) == []


def test_a_rate_after_the_end_is_asked_about_but_the_end_itself_is_not() -> None:
    ended = Surroundings(infusion_ended_at=AT)
    assert asked("after_the_end", a_record(rules.RATE, AT + MINUTE, rate=Decimal("0.3"), around=ended))
    assert not asked("after_the_end", a_record(rules.RATE, AT + MINUTE, rate=Decimal(0), around=ended))
    assert not asked("after_the_end", a_record(rules.RATE, AT, rate=Decimal("0.3"), around=ended))
    assert asked("after_the_end", a_record(rules.BAG, AT + MINUTE, around=ended))


def test_a_visit_is_asked_about_when_its_window_closed_more_than_a_week_ago() -> None:
    def visit(closed: timedelta, state: str = "planned") -> Recorded:
        return a_record(rules.VISIT, closes_at=AT - closed, state=state)

    week = timedelta(days=7)
    assert asked("silent_visit", visit(week)) == []
    assert asked("silent_visit", visit(week + MINUTE)) == ["state"]
    assert asked("silent_visit", visit(week + MINUTE, "missed")) == []
    assert asked("silent_visit", visit(week + MINUTE, "done")) == []
    assert asked("silent_visit", a_record(rules.VISIT, closes_at=None, state="planned")) == []


def test_a_visit_held_outside_its_window_is_asked_about() -> None:
    outside = Surroundings(departure="Week 2 was held 2026-03-30 10:00, late.")
    assert asked("outside_window", a_record(rules.VISIT, state="done", done_at=AT, around=outside)) == ["done_at"]
    assert asked("outside_window", a_record(rules.VISIT, state="planned", done_at=None, around=outside)) == []
    assert asked("outside_window", a_record(rules.VISIT, state="done", done_at=AT)) == []


def test_a_held_visit_that_lacks_a_scale_is_asked_about() -> None:
    lacking = Surroundings(missing=("MADRS",))
    assert asked("incomplete_visit", a_record(rules.VISIT, state="done", around=lacking)) == [""]
    assert asked("incomplete_visit", a_record(rules.VISIT, state="planned", around=lacking)) == []
    assert asked("incomplete_visit", a_record(rules.VISIT, state="done")) == []


def test_an_event_that_ended_says_how() -> None:
    assert asked("ended_no_outcome", a_record(rules.EVENT, ended_at=AT, outcome=" ")) == ["outcome"]
    assert asked("ended_no_outcome", a_record(rules.EVENT, ended_at=AT, outcome="recovered")) == []
    assert asked("ended_no_outcome", a_record(rules.EVENT, ended_at=None, outcome="")) == []


@given(systolic=st.integers(40, 300), heart_rate=st.integers(20, 250))
def test_other_values_give_another_reading_to_remember(systolic: int, heart_rate: int) -> None:
    record = a_record(rules.VITALS, **{**NORMAL, "systolic": systolic, "heart_rate": heart_rate})
    for (code, field), fault in faults(record, checks_of(rules.VITALS, compares=False)).items():
        assert code == "implausible"
        assert fault.read == str(record.values[field])


def test_a_save_asks_only_the_checks_that_read_the_record_alone() -> None:
    assert {check.code for check in checks_of(rules.VITALS, compares=False)} == {"implausible", "other_day"}
    assert {check.code for check in checks_of(rules.ASSESSMENT, compares=False)} == {"missing_item", "other_day"}
    assert checks_of("reports.report") == ()


@pytest.mark.parametrize("code", sorted(CHECKS))
def test_each_check_says_what_it_reads_and_when_it_fires(code: str) -> None:
    check = CHECKS[code]
    assert check.code == code
    assert len(code) <= 32
    assert all((check.title, check.reads, check.fires, check.tables))
