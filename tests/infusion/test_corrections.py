"""What was recorded at the bedside can be corrected, with a reason, and what hangs on it follows.

Limits: study protocol file ketamine_96h_v1 (rate 0.612 hard; step 0.15/0.30; interval 10 h/8 h; clonidine 0.6
mg/day; duration 96 h soft, 104 h hard). Retention of old values: ICH E6(R3) 4.2.2 (audit trail).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from infusion import queries, services
from infusion.bedside import bedside
from infusion.models import Infusion, SerumLevel
from tests.infusion.ward import STARTED, Ward, hours, start
from trial.audit.models import AuditEntry
from trial.participants.models import Status, Visit
from trial.participants.queries import anchors_of, get_visit
from trial.records.services import ReasonRequired, StaleRecord
from trial.safety.models import Alert, Deviation

pytestmark = pytest.mark.django_db
D = Decimal
WHY = "typed wrongly"


def fresh(infusion: Infusion) -> Infusion:
    return Infusion.objects.get(pk=infusion.pk)


def vitals(ward: Ward, **changes: Any) -> Any:
    given: dict[str, Any] = {"systolic": 120, "diastolic": 70, "heart_rate": 70, "occurred_at": hours(2)}
    return services.record_vitals(ward.nurse, ward.participant, **{**given, **changes})


def corrected_vitals(ward: Ward, row: Any, **changes: Any) -> Any:
    given: dict[str, Any] = {"systolic": row.systolic, "diastolic": row.diastolic, "heart_rate": row.heart_rate}
    given |= {"occurred_at": row.occurred_at, "visit": row.visit, "version": row.version, "reason": WHY}
    return services.correct_vitals(ward.nurse, row, **{**given, **changes})


def test_vital_signs_are_corrected_with_a_reason_and_the_trail_keeps_both(ward: Ward) -> None:
    row = vitals(ward, occurred_at=hours(2 - 30 * 24))
    with pytest.raises(ReasonRequired):
        corrected_vitals(ward, row, occurred_at=hours(2), reason=" ")
    again = corrected_vitals(ward, row, occurred_at=hours(2))
    assert (again.occurred_at, again.version) == (hours(2), 2)
    entry = AuditEntry.objects.filter(table_name="infusion_vitals").order_by("id").last()
    assert entry is not None
    assert entry.reason == WHY
    assert f"{hours(2 - 30 * 24):%Y-%m-%d}" in str(entry.old)


def test_vital_signs_of_a_year_before_the_participant_was_met_are_refused_in_words(ward: Ward) -> None:
    with pytest.raises(ValidationError, match="lies before the first contact with this participant") as refused:
        vitals(ward, occurred_at=hours(2 - 365 * 24))
    assert list(refused.value.message_dict) == ["occurred_at"]
    row = vitals(ward)
    with pytest.raises(ValidationError, match="lies before the first contact"):
        corrected_vitals(ward, row, occurred_at=hours(2 - 365 * 24))


def test_a_correction_from_an_old_page_is_refused(ward: Ward) -> None:
    row = vitals(ward)
    corrected_vitals(ward, row, systolic=130)
    with pytest.raises(StaleRecord):
        corrected_vitals(ward, row, systolic=140)


def test_vital_signs_corrected_into_a_trigger_raise_the_alert_and_once(ward: Ward) -> None:
    row = corrected_vitals(ward, vitals(ward), systolic=78)
    assert Alert.objects.get().level == "emergency"
    corrected_vitals(ward, row, systolic=78, comment="lying")
    assert Alert.objects.count() == 1


def test_a_visit_follows_the_measurement_it_was_dated_by(ward: Ward) -> None:
    start(ward)
    visit = get_visit(ward.participant, "discharge")
    services.record_side_effects(ward.nurse, ward.participant, scores={"nausea": 0}, occurred_at=hours(2), visit=visit)
    row = vitals(ward, occurred_at=hours(3), visit=get_visit(ward.participant, "discharge"))
    assert Visit.objects.get(pk=visit.pk).done_at == hours(3)
    corrected_vitals(ward, row, occurred_at=hours(4))
    assert Visit.objects.get(pk=visit.pk).done_at == hours(4)


def test_a_corrected_dose_closes_the_deviation_that_holds_no_longer_and_opens_the_one_that_does(ward: Ward) -> None:
    given: dict[str, Any] = {"occurred_at": hours(-2), "happened": True}
    row = services.record_clonidine(ward.nurse, ward.participant, dose_mg=D("0.9"), **given)
    first = Deviation.objects.get()
    assert first.is_important
    dose: dict[str, Any] = {"is_given": True, "occurred_at": hours(-2), "reason": WHY}
    row = services.correct_clonidine(ward.nurse, row, version=1, dose_mg=D("0.1"), **dose)
    assert Deviation.objects.get().closed_at is not None
    services.correct_clonidine(ward.nurse, row, version=2, dose_mg=D("0.8"), **dose)
    assert Deviation.objects.filter(closed_at=None).get().summary.startswith("Clonidine 0.8 mg")


def test_a_dose_corrected_alike_keeps_the_reason_given_with_its_deviation(ward: Ward) -> None:
    given: dict[str, Any] = {"occurred_at": hours(-2), "override_reason": "anxious", "dose_mg": D("0.3")}
    row = services.record_clonidine(ward.nurse, ward.participant, **given)
    services.correct_clonidine(
        ward.nurse, row, version=1, reason=WHY, dose_mg=D("0.3"), is_given=True, occurred_at=hours(-1)
    )
    kept = Deviation.objects.get()
    assert "anxious" in kept.summary
    assert kept.closed_at is None


def test_a_checklist_is_corrected_as_a_whole(ward: Ward) -> None:
    row = services.record_side_effects(ward.nurse, ward.participant, scores={"nausea": 3, "fatigue": 1})
    given: dict[str, Any] = {"occurred_at": row.occurred_at, "version": 1, "reason": WHY}
    with pytest.raises(ValidationError):
        services.correct_side_effects(ward.nurse, row, scores={"hiccups": 1}, **given)
    assert services.correct_side_effects(ward.nurse, row, scores={"nausea": 1}, **given).scores == {"nausea": 1}


def test_a_samples_levels_are_changed_added_and_removed(ward: Ward) -> None:
    levels = {"ketamine": D("412.5"), "s_ketamine": D("200")}
    row = services.record_serum_sample(ward.nurse, ward.participant, sample="day_2_0800", levels=levels)
    services.correct_serum_sample(
        ward.nurse, row, version=1, reason=WHY, sample="day_3_0800", occurred_at=hours(46),
        levels={"ketamine": D("41.25"), "norketamine": None},
    )  # fmt: skip
    found = {level.analyte: (level.concentration, level.below_limit) for level in SerumLevel.objects.all()}
    assert found == {"ketamine": (D("41.25"), False), "norketamine": (None, True)}
    assert set(SerumLevel.objects.values_list("occurred_at", flat=True)) == {hours(46)}
    removed = AuditEntry.objects.filter(table_name="infusion_serumlevel", op="D").get()
    assert (removed.actor, removed.reason) == (ward.nurse.username, WHY)


def test_a_bag_of_another_concentration_asks_for_a_check_of_the_pump(ward: Ward) -> None:
    infusion = start(ward)
    services.correct_bag(
        ward.nurse, infusion.bags.get(), version=1, reason=WHY, concentration=D("1"), volume_ml=D("500"),
        occurred_at=STARTED,
    )  # fmt: skip
    assert "check the pump rates" in Deviation.objects.get().summary
    now = bedside(ward.participant, hours(1))
    assert (now.pump_rate, now.fitting_pump_rate) == (D("6.0"), D("12.0"))  # 80 kg x 0.15 / 1 mg/mL = 12 mL/h
    correct_rate(ward, infusion, 0, rate=D("0.15"))
    assert bedside(ward.participant, hours(1)).fitting_pump_rate is None


def correct_rate(ward: Ward, infusion: Infusion, count: int, **changes: Any) -> Any:
    row = queries.rates_of(infusion)[count]
    given: dict[str, Any] = {"rate": row.rate, "explanation": row.explanation, "occurred_at": row.occurred_at}
    given |= {"checked_by": row.checked_by, "version": row.version, "reason": WHY}
    return services.correct_rate(ward.psychiatrist, row, **{**given, **changes})


def stepped(ward: Ward) -> Infusion:
    infusion = start(ward)
    services.change_rate(
        ward.nurse, infusion, rate=D("0.30"), occurred_at=hours(12), reason="step", checked_by=ward.other_nurse
    )
    return infusion


def test_a_corrected_rate_moves_the_dose_with_it(ward: Ward) -> None:
    infusion = stepped(ward)
    assert queries.course_of(infusion).delivered(hours(20)) == D("0.15") * 12 + D("0.30") * 8
    correct_rate(ward, infusion, 1, occurred_at=hours(14))
    assert queries.course_of(infusion).delivered(hours(20)) == D("0.15") * 14 + D("0.30") * 6
    again = correct_rate(ward, infusion, 1, rate=D("0.20"), explanation="half a step")
    assert (again.pump_rate, again.explanation) == (D("8.0"), "half a step")  # 80 kg x 0.20 / 2 mg/mL
    assert not Deviation.objects.exists()


def test_a_rate_corrected_past_a_limit_is_kept_with_a_deviation_and_back_closes_it(ward: Ward) -> None:
    infusion = stepped(ward)
    correct_rate(ward, infusion, 1, occurred_at=hours(7))  # 7 h after the start: below the hard 8 h
    assert Deviation.objects.get().is_important
    correct_rate(ward, infusion, 1, occurred_at=hours(12))
    assert Deviation.objects.get().closed_at is not None


def test_a_corrected_rate_judges_the_one_after_it(ward: Ward) -> None:
    infusion = stepped(ward)
    services.change_rate(
        ward.nurse, infusion, rate=D("0.45"), occurred_at=hours(24), reason="step", checked_by=ward.other_nurse
    )
    correct_rate(ward, infusion, 1, occurred_at=hours(18))
    late = queries.rates_of(infusion)[2]
    assert Deviation.objects.get().source_id == late.pk  # 6 h between the second and the third


@pytest.mark.parametrize(
    ("count", "changes", "said"),
    [
        (0, {"occurred_at": hours(1)}, "correct the start"),
        (0, {"rate": D(0)}, "cannot be 0"),
        (1, {"occurred_at": hours(-1)}, "correct the start first"),
        (1, {"occurred_at": hours(31)}, "correct the end first"),
        (2, {"occurred_at": hours(29)}, "correct the end instead"),
    ],
)
def test_a_rate_that_would_leave_no_course_names_what_to_correct(
    ward: Ward, count: int, changes: dict[str, Any], said: str
) -> None:
    infusion = stepped(ward)
    services.stop_infusion(ward.nurse, infusion, completed=False, reason="nausea", occurred_at=hours(30))
    with pytest.raises(ValidationError, match=said):
        correct_rate(ward, fresh(infusion), count, **changes)


def correct_start(ward: Ward, infusion: Infusion, **changes: Any) -> Infusion:
    given = {"occurred_at": infusion.occurred_at, "dosing_weight_kg": infusion.dosing_weight_kg}
    given |= {"version": infusion.version, "reason": WHY}
    return services.correct_start(ward.psychiatrist, infusion, **{**given, **changes})


def test_a_corrected_start_takes_rate_bag_status_and_windows_with_it(ward: Ward) -> None:
    infusion = start(ward, occurred_at=hours(-24), happened=True)
    due = get_visit(ward.participant, "infusion_day_2").due_at
    correct_start(ward, infusion, occurred_at=STARTED)
    assert [row.occurred_at for row in (*infusion.rates.all(), *infusion.bags.all())] == [STARTED, STARTED]
    assert Status.objects.get(participant=ward.participant, axis="infusion").occurred_at == STARTED
    moved = get_visit(ward.participant, "infusion_day_2").due_at
    assert due is not None
    assert moved is not None
    assert moved - due == hours(24) - hours(0)
    assert queries.course_of(fresh(infusion)).delivered(hours(10)) == D("1.5")


def test_a_start_after_a_rate_is_refused_with_the_rate_to_correct(ward: Ward) -> None:
    infusion = stepped(ward)
    with pytest.raises(ValidationError, match="2026-03-02 22:00"):  # hour 12 in Chicago
        correct_start(ward, infusion, occurred_at=hours(13))


def test_a_corrected_start_judges_the_interval_and_the_duration(ward: Ward) -> None:
    infusion = stepped(ward)
    services.stop_infusion(ward.nurse, infusion, completed=True, occurred_at=hours(96))
    correct_start(ward, fresh(infusion), occurred_at=hours(5))  # 7 h before the first increase
    assert Deviation.objects.get(closed_at=None).is_important
    correct_start(ward, fresh(infusion), occurred_at=hours(-10))  # 106 h long
    assert "Duration" in Deviation.objects.get(closed_at=None).summary


def test_another_dosing_weight_asks_for_a_check_of_the_pump(ward: Ward) -> None:
    infusion = start(ward)
    correct_start(ward, infusion, dosing_weight_kg=D("60"))
    assert "recorded as 80" in Deviation.objects.get().summary
    assert bedside(ward.participant, hours(1)).fitting_pump_rate == D("4.5")  # 60 kg x 0.15 / 2 mg/mL


def ended(ward: Ward, at: float = 90) -> Infusion:
    return services.stop_infusion(ward.nurse, start(ward), completed=False, reason="slip", occurred_at=hours(at))


def test_an_accidental_stop_is_taken_back_as_if_it_had_not_been(ward: Ward) -> None:
    infusion = ended(ward, 10)
    assert anchors_of(ward.participant).infusion_end == hours(10)
    services.withdraw_end(ward.nurse, infusion, version=infusion.version, reason="pressed by mistake")
    again = fresh(infusion)
    assert (again.ended_at, again.is_completed, again.end_reason) == (None, None, "")
    assert queries.course_of(again).delivered(hours(20)) == D("3.0")  # 20 h at 0.15
    assert queries.rates_of(again)[-1].pump_rate == D("6.0")
    assert anchors_of(ward.participant).infusion_end is None
    assert not Status.objects.filter(participant=ward.participant, axis="follow_up").exists()
    services.stop_infusion(ward.nurse, again, completed=True, occurred_at=hours(96))
    assert anchors_of(ward.participant).infusion_end == hours(96)


def test_a_corrected_end_is_judged_anew_once(ward: Ward) -> None:
    infusion = ended(ward)
    given: dict[str, Any] = {"completed": True, "end_reason": "planned end", "reason": WHY}
    late = services.correct_end(ward.nurse, infusion, version=infusion.version, occurred_at=hours(105), **given)
    assert Deviation.objects.get().is_important  # beyond 104 h
    services.correct_end(ward.nurse, late, version=late.version, occurred_at=hours(96), **given)
    assert Deviation.objects.get().closed_at is not None


def test_an_end_before_a_rate_is_refused(ward: Ward) -> None:
    infusion = stepped(ward)
    ended = services.stop_infusion(ward.nurse, infusion, completed=True, occurred_at=hours(96))
    with pytest.raises(ValidationError, match="2026-03-02 22:00"):
        services.correct_end(
            ward.nurse, ended, version=ended.version, completed=True, end_reason="", occurred_at=hours(11), reason=WHY
        )


def test_running_again_after_the_end_takes_the_end_from_status_and_windows(ward: Ward) -> None:
    infusion = ended(ward, 10)
    services.change_rate(ward.nurse, infusion, rate=D("0.15"), occurred_at=hours(11), reason="restarted", happened=True)
    assert anchors_of(ward.participant).infusion_end is None
