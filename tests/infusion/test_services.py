"""Orders are refused beyond limits, facts are kept with a deviation; once per key; attributed.

Limits: study protocol file ketamine_96h_v1 (rate 0.60 soft, 0.612 hard; step 0.15/0.30; interval 10 h/8 h).
"""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from infusion import queries, services
from infusion.models import ClonidineDose, Infusion, RateChange, SerumLevel, Vitals
from infusion.services import RuleBroken
from tests.infusion.ward import Ward, hours, make_ward, start
from trial.audit.models import AuditEntry
from trial.participants.models import Status
from trial.records.services import KeyReused, RecordError
from trial.safety.models import Alert, Deviation

pytestmark = pytest.mark.django_db
D = Decimal


def test_starting_records_infusion_bag_rate_and_status(ward: Ward) -> None:
    infusion = start(ward)
    rate = infusion.rates.get()
    assert (rate.rate, rate.pump_rate) == (D("0.15"), D("6.0"))  # 80 kg x 0.15 / 2 mg/mL = 6.0 mL/h
    assert infusion.bags.get().concentration == 2
    assert Status.objects.filter(participant=ward.participant, axis="infusion", value="started").exists()
    assert not Deviation.objects.exists()


@pytest.mark.parametrize(("consent", "eligible"), [(False, None), (True, None), (True, False)])
def test_an_order_is_refused_before_consent_and_eligibility(consent: bool, eligible: bool | None) -> None:
    ward = make_ward(consent=consent, eligible=eligible)
    with pytest.raises(RuleBroken) as refused:
        start(ward, override_reason="we are in a hurry")
    assert refused.value.verdict.severity == "hard"
    assert not Infusion.objects.exists()


def test_a_start_that_happened_is_kept_with_a_deviation() -> None:
    ward = make_ward(consent=True, eligible=None)
    start(ward, happened=True)
    assert Infusion.objects.count() == 1
    assert Deviation.objects.filter(participant=ward.participant, is_important=True).exists()


def test_a_second_person_must_have_checked_an_order(ward: Ward) -> None:
    for checker in (None, ward.nurse):
        with pytest.raises(RuleBroken, match="second person"):
            start(ward, checked_by=checker)


def test_the_same_key_twice_makes_one_row(ward: Ward) -> None:
    infusion, key = start(ward), uuid.uuid4()

    def post(rate: str) -> RateChange:
        return services.change_rate(
            ward.nurse,
            infusion,
            rate=D(rate),
            occurred_at=hours(12),
            reason="step",
            key=key,
            checked_by=ward.other_nurse,
        )

    assert post("0.30").pk == post("0.30").pk
    assert infusion.rates.count() == 2
    with pytest.raises(KeyReused):
        post("0.45")


def test_the_same_key_starts_one_infusion(ward: Ward) -> None:
    key = uuid.uuid4()
    assert start(ward, key=key).pk == start(ward, key=key).pk
    with pytest.raises(RecordError):
        start(ward, key=uuid.uuid4())


def test_a_soft_limit_asks_for_a_reason_and_records_it(ward: Ward) -> None:
    infusion = start(ward)
    order: dict[str, Any] = {
        "rate": D("0.30"),
        "occurred_at": hours(9),
        "reason": "step",
        "checked_by": ward.other_nurse,
    }
    with pytest.raises(RuleBroken) as refused:
        services.change_rate(ward.nurse, infusion, **order)  # 9 h after the start: below 10 h, not below 8 h
    assert refused.value.verdict.severity == "soft"
    services.change_rate(ward.nurse, infusion, **order, override_reason="scan at noon")
    deviation = Deviation.objects.get()
    assert deviation.kind == "limit"
    assert "scan at noon" in deviation.summary


def test_a_hard_limit_refuses_the_order_and_keeps_the_fact(ward: Ward) -> None:
    infusion = start(ward)
    order: dict[str, Any] = {
        "rate": D("0.70"),
        "occurred_at": hours(12),
        "reason": "slip",
        "checked_by": ward.other_nurse,
    }
    with pytest.raises(RuleBroken) as refused:
        services.change_rate(ward.nurse, infusion, **order, override_reason="no reason is enough")
    assert refused.value.verdict.severity == "hard"
    assert infusion.rates.count() == 1
    services.change_rate(ward.nurse, infusion, **order, happened=True)
    assert queries.course_of(infusion).rate_at(hours(13)) == D("0.70")
    assert Deviation.objects.get().is_important


def test_lowering_pausing_and_stopping_need_no_checker_and_make_no_deviation(ward: Ward) -> None:
    infusion = start(ward)
    services.change_rate(ward.nurse, infusion, rate=D("0.07"), occurred_at=hours(1), reason="nausea")
    services.pause_infusion(ward.nurse, infusion, occurred_at=hours(2), reason="vomiting")
    services.stop_infusion(ward.nurse, infusion, completed=False, reason="vomiting", occurred_at=hours(3))
    assert not Deviation.objects.exists()
    assert queries.course_of(infusion_again(infusion)).final_rate == D("0.07")


def infusion_again(infusion: Infusion) -> Infusion:
    return Infusion.objects.get(pk=infusion.pk)


def test_resuming_runs_the_rate_of_before(ward: Ward) -> None:
    infusion = start(ward)
    services.pause_infusion(ward.nurse, infusion, occurred_at=hours(2), reason="scan")
    row = services.resume_infusion(
        ward.nurse, infusion, occurred_at=hours(3), reason="back", checked_by=ward.other_nurse
    )
    assert row.rate == D("0.15")
    assert queries.course_of(infusion).delivered(hours(4)) == D("0.45")  # three hours of four


def test_stopping_ends_the_statuses_and_only_once(ward: Ward) -> None:
    infusion, key = start(ward), uuid.uuid4()
    services.stop_infusion(ward.nurse, infusion, completed=True, occurred_at=hours(96), key=key)
    services.stop_infusion(ward.nurse, infusion, completed=True, occurred_at=hours(96), key=key)
    ended = infusion_again(infusion)
    assert (ended.ended_at, ended.is_completed) == (hours(96), True)
    assert Status.objects.filter(participant=ward.participant, axis="infusion", value="completed").count() == 1
    with pytest.raises(RecordError, match="recorded already"):
        services.stop_infusion(ward.nurse, infusion, completed=True, occurred_at=hours(97))


def test_a_stop_without_words_is_taken(ward: Ward) -> None:
    ended = services.stop_infusion(ward.nurse, start(ward), completed=False, occurred_at=hours(1))
    assert ended.ended_at == hours(1)


def test_an_end_beyond_the_duration_is_kept_with_a_deviation(ward: Ward) -> None:
    services.stop_infusion(ward.nurse, start(ward), completed=True, occurred_at=hours(105))
    assert Deviation.objects.get().is_important  # beyond 104 h


def test_the_end_can_be_corrected(ward: Ward) -> None:
    ended = services.stop_infusion(ward.nurse, start(ward), completed=True, occurred_at=hours(90))
    again = services.correct_end(
        ward.nurse,
        ended,
        version=ended.version,
        completed=True,
        end_reason="planned end",
        occurred_at=hours(96),
        reason="typed 04:00 for 10:00",
    )
    course = queries.course_of(again)
    assert (again.ended_at, course.delivered(hours(200))) == (hours(96), D("0.15") * 96)


def test_running_after_the_recorded_end_reopens_the_infusion_as_a_fact_only(ward: Ward) -> None:
    ended = services.stop_infusion(ward.nurse, start(ward), completed=False, occurred_at=hours(10))
    again: dict[str, Any] = {
        "rate": D("0.15"),
        "occurred_at": hours(11),
        "reason": "restarted",
        "checked_by": ward.other_nurse,
    }
    with pytest.raises(ValidationError):
        services.change_rate(ward.nurse, ended, **again)
    services.change_rate(ward.nurse, ended, **again, happened=True)
    assert infusion_again(ended).ended_at is None
    assert Deviation.objects.filter(kind="order").exists()


def test_a_late_rate_finds_its_place_in_time(ward: Ward) -> None:
    infusion = start(ward)
    services.change_rate(ward.nurse, infusion, rate=D("0.30"), occurred_at=hours(12), reason="step", happened=True)
    services.pause_infusion(ward.nurse, infusion, occurred_at=hours(4), reason="entered late")
    services.change_rate(ward.nurse, infusion, rate=D("0.15"), occurred_at=hours(5), reason="late", happened=True)
    assert queries.course_of(infusion).delivered(hours(13)) == D("0.15") * 11 + D("0.30")


def test_a_rate_before_the_start_is_no_fact(ward: Ward) -> None:
    with pytest.raises(ValidationError, match="started"):
        services.pause_infusion(ward.nurse, start(ward), occurred_at=hours(-1), reason="typo")


def test_another_concentration_sets_the_pump_anew(ward: Ward) -> None:
    infusion = start(ward)
    services.hang_bag(ward.nurse, infusion, concentration=D("1"), volume_ml=D("500"), occurred_at=hours(5))
    last = queries.rates_of(infusion)[-1]
    assert (last.rate, last.pump_rate) == (D("0.15"), D("12.0"))


def test_a_bag_whose_pump_rate_rounds_too_far_is_refused_with_another_offered() -> None:
    infusion = start(make_ward(), dosing_weight_kg=D("48.7"))
    with pytest.raises(RuleBroken, match=r"2\.67 %.*Hang 1 mg/mL and run 7\.3 mL/h"):
        services.hang_bag(infusion.entered_by, infusion, concentration=D("5"), volume_ml=D("50"), occurred_at=hours(1))


def test_vital_signs_that_forbid_an_increase_need_a_reason(ward: Ward) -> None:
    infusion = start(ward)
    services.record_vitals(
        ward.nurse, ward.participant, systolic=165, diastolic=90, heart_rate=80, occurred_at=hours(11)
    )
    with pytest.raises(RuleBroken, match="forbid an increase"):
        services.change_rate(
            ward.nurse,
            infusion,
            rate=D("0.30"),
            occurred_at=hours(12),
            reason="step",
            checked_by=ward.other_nurse,
        )


def test_vital_signs_raise_one_alert_at_the_gravest_level(ward: Ward) -> None:
    key = uuid.uuid4()
    for _ in range(2):
        services.record_vitals(
            ward.nurse,
            ward.participant,
            systolic=78,
            diastolic=40,
            heart_rate=48,
            occurred_at=hours(2),
            key=key,
        )
    alert = Alert.objects.get()
    assert (alert.level, Vitals.objects.count()) == ("emergency", 1)
    services.record_vitals(
        ward.nurse, ward.participant, systolic=120, diastolic=70, heart_rate=70, occurred_at=hours(3)
    )
    assert Alert.objects.count() == 1


def test_clonidine_beyond_the_daily_maximum_is_refused_as_an_order_and_kept_as_a_fact(ward: Ward) -> None:
    for hour in (-46, -40):  # 0.6 mg on the day before
        services.record_clonidine(
            ward.nurse, ward.participant, dose_mg=D("0.3"), occurred_at=hours(hour), happened=True
        )
    for hour in (-24, -20):
        services.record_clonidine(ward.nurse, ward.participant, dose_mg=D("0.3"), occurred_at=hours(hour))
    third: dict[str, Any] = {"dose_mg": D("0.1"), "occurred_at": hours(-18)}
    with pytest.raises(RuleBroken):
        services.record_clonidine(ward.nurse, ward.participant, **third)
    services.record_clonidine(ward.nurse, ward.participant, **third, happened=True)
    assert ClonidineDose.objects.count() == 5
    assert Deviation.objects.filter(is_important=True).count() == 1


def test_a_held_dose_says_why_and_counts_nothing(ward: Ward) -> None:
    held: dict[str, Any] = {"dose_mg": D("0.3"), "is_given": False, "occurred_at": hours(1)}
    with pytest.raises(ValidationError):
        services.record_clonidine(ward.nurse, ward.participant, **held)
    services.record_clonidine(ward.nurse, ward.participant, **held, held_reason="SBP 88")
    assert queries.clonidine_around(ward.participant, hours(2)) == ([], [])


def test_side_effects_take_the_checklist_and_nothing_else(ward: Ward) -> None:
    row = services.record_side_effects(ward.nurse, ward.participant, scores={"nausea": 3, "fatigue": 0})
    assert row.scores == {"nausea": 3, "fatigue": 0}
    for wrong in ({"hiccups": 1}, {"nausea": 4}, {"nausea": -1}, {"nausea": True}):
        with pytest.raises(ValidationError):
            services.record_side_effects(ward.nurse, ward.participant, scores=wrong)


def test_a_serum_sample_comes_with_its_levels_once(ward: Ward) -> None:
    key = uuid.uuid4()
    levels = {"ketamine": D("412.5"), "s_ketamine": D("200"), "r_ketamine": D("212.5"), "norketamine": None}
    for _ in range(2):
        sample = services.record_serum_sample(
            ward.nurse, ward.participant, sample="day_3_0800", levels=levels, occurred_at=hours(46), key=key
        )
    assert SerumLevel.objects.count() == 4
    assert sample.levels.get(analyte="norketamine").below_limit
    unknown: list[dict[str, Any]] = [
        {"sample": "noon", "levels": {}},
        {"sample": "day_3_0800", "levels": {"ethanol": D(1)}},
        {"sample": "day_3_0800", "levels": {"ketamine": D(-1)}},
    ]
    for wrong in unknown:
        with pytest.raises(ValidationError):
            services.record_serum_sample(ward.nurse, ward.participant, **wrong)


def test_every_write_is_in_the_audit_trail_under_its_actor(ward: Ward) -> None:
    infusion = start(ward)
    services.pause_infusion(ward.other_nurse, infusion, occurred_at=hours(1), reason="dizzy")
    entry = AuditEntry.objects.filter(table_name="infusion_ratechange").order_by("id").last()
    assert entry is not None
    assert (entry.actor, entry.reason) == (ward.other_nurse.username, "dizzy")


def test_simple_records_stay_cheap(ward: Ward) -> None:
    with CaptureQueriesContext(
        connection,
    ) as made:
        services.record_vitals(
            ward.nurse, ward.participant, systolic=120, diastolic=70, heart_rate=70, key=uuid.uuid4()
        )
    statements = [query for query in made.captured_queries if "SAVEPOINT" not in query["sql"]]
    assert len(statements) <= 12
