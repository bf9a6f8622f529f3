"""A correction closes only the deviations whose ground it took away; what still holds stays with its reason.

Limits: study protocol file ketamine_96h_v1 (step 0.15 soft/0.30 hard; interval 10 h soft/8 h hard; duration 104 h hard;
systolic pressure from 160 mmHg forbids an increase). Every deviation is kept: ICH E6(R3) 3.9.2 and 4.2.2.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from infusion import queries, services
from infusion.models import Infusion
from tests.infusion.ward import STARTED, Ward, hours, start
from trial.safety.models import Deviation

pytestmark = pytest.mark.django_db
D = Decimal
WHY = "typed wrongly"


def standing() -> list[str]:
    return sorted(Deviation.objects.filter(closed_at=None).values_list("summary", flat=True))


def void() -> list[str]:
    return sorted(Deviation.objects.filter(is_void=True).values_list("summary", flat=True))


def step(ward: Ward, infusion: Infusion, at: float, **changes: Any) -> Any:
    given: dict[str, Any] = {"rate": D("0.30"), "occurred_at": hours(at), "reason": "step"}
    return services.change_rate(ward.nurse, infusion, **{**given, **changes})


def correct_rate(ward: Ward, row: Any, **changes: Any) -> Any:
    given: dict[str, Any] = {"rate": row.rate, "explanation": row.explanation, "occurred_at": row.occurred_at}
    given |= {"checked_by": row.checked_by, "version": row.version, "reason": WHY}
    return services.correct_rate(ward.psychiatrist, row, **{**given, **changes})


def correct_start(ward: Ward, infusion: Infusion, **changes: Any) -> Infusion:
    current = Infusion.objects.get(pk=infusion.pk)
    given = {"occurred_at": current.occurred_at, "dosing_weight_kg": current.dosing_weight_kg}
    given |= {"version": current.version, "reason": WHY}
    return services.correct_start(ward.psychiatrist, current, **{**given, **changes})


def alarm(ward: Ward, at: float) -> None:
    services.record_vitals(
        ward.nurse, ward.participant, systolic=165, diastolic=70, heart_rate=70, occurred_at=hours(at)
    )


def test_a_moved_step_keeps_the_missing_check_and_the_alarm_that_it_was_ordered_against(ward: Ward) -> None:
    infusion = start(ward)
    alarm(ward, 8)
    row = step(ward, infusion, 9, override_reason="scan at noon")
    correct_rate(ward, row, occurred_at=hours(12))
    kept = standing()
    assert [text.split()[0] for text in kept] == ["Order", "Vital"]
    assert "No second person" in kept[0]
    assert "forbid an increase" in kept[1]
    assert all("scan at noon" in text for text in kept)
    assert [text.split()[0] for text in void()] == ["Rate"]
    assert "Interval between increases 9 h" in void()[0]


def test_a_step_moved_before_the_alarm_was_not_against_it(ward: Ward) -> None:
    infusion = start(ward)
    alarm(ward, 13)
    row = step(ward, infusion, 14, checked_by=ward.other_nurse, override_reason="seen by the psychiatrist")
    assert len(standing()) == 1
    correct_rate(ward, row, occurred_at=hours(12))
    assert (standing(), len(void())) == ([], 1)


def test_the_limit_that_still_fails_keeps_the_reason_given_for_it(ward: Ward) -> None:
    infusion = start(ward)
    row = step(ward, infusion, 9, rate=D("0.40"), checked_by=ward.other_nurse, override_reason="scan at noon")
    correct_rate(ward, row, occurred_at=hours(12))
    (kept,) = standing()
    assert "Increase per step 0.25" in kept
    assert "Interval" not in kept
    assert kept.endswith("Reason given: scan at noon")


def test_a_reason_is_not_carried_to_a_limit_that_it_was_not_given_for(ward: Ward) -> None:
    infusion = start(ward)
    row = step(ward, infusion, 9, checked_by=ward.other_nurse, override_reason="scan at noon")
    correct_rate(ward, row, occurred_at=hours(12), rate=D("0.40"))
    (kept,) = standing()
    assert "Increase per step 0.25" in kept
    assert "scan" not in kept


def test_a_corrected_start_keeps_the_missing_check_of_a_later_rate(ward: Ward) -> None:
    infusion = start(ward)
    step(ward, infusion, 9, override_reason="scan at noon")
    correct_start(ward, infusion, occurred_at=hours(-3))
    (kept,) = standing()
    assert "No second person" in kept
    assert "scan at noon" in kept


def test_a_rate_after_the_end_stays_out_of_order_when_its_limit_is_judged_anew(ward: Ward) -> None:
    infusion = start(ward)
    services.stop_infusion(ward.nurse, infusion, completed=False, reason="nausea", occurred_at=hours(5))
    row = step(ward, infusion, 9, happened=True)
    correct_rate(ward, row, occurred_at=hours(12))
    (kept,) = Deviation.objects.filter(closed_at=None)
    assert kept.kind == Deviation.Kind.ORDER
    assert "ran again after its recorded end" in kept.summary


def test_a_corrected_bag_keeps_what_the_pump_could_not_run(ward: Ward) -> None:
    infusion = start(ward)
    given: dict[str, Any] = {"volume_ml": D("500"), "occurred_at": hours(2)}
    bag = services.hang_bag(ward.nurse, infusion, concentration=D("2.5"), override_reason="only one left", **given)
    services.correct_bag(ward.nurse, bag, version=1, reason=WHY, concentration=D("3"), **given)
    (kept,) = standing()
    assert kept.startswith("Bag of 3 mg/mL: Concentration of the solution 3")
    assert kept.endswith("Reason given: only one left")


def test_a_bag_typed_wrongly_does_not_leave_a_pump_that_never_ran(ward: Ward) -> None:
    infusion = start(ward)
    given: dict[str, Any] = {"volume_ml": D("500"), "occurred_at": hours(2)}
    bag = services.hang_bag(ward.nurse, infusion, concentration=D("900"), happened=True, **given)
    assert any(text.startswith("Pump") for text in standing())
    services.correct_bag(ward.nurse, bag, version=1, reason=WHY, concentration=D("2"), **given)
    (kept,) = standing()
    assert "check the pump rates" in kept


def overridden_start(ward: Ward) -> Infusion:
    infusion = start(ward, checked_by=None, override_reason="alone on the ward")
    assert len(standing()) == 1
    return infusion


def test_another_weight_is_told_beside_an_open_deviation_of_the_start(ward: Ward) -> None:
    infusion = overridden_start(ward)
    correct_start(ward, infusion, dosing_weight_kg=D("60"))
    assert [text.split()[0] for text in standing()] == ["Start", "Weight"]
    assert "check the pump rates" in standing()[1]
    assert "alone on the ward" in standing()[0]


def test_an_end_beyond_the_duration_is_told_beside_an_open_deviation_of_the_start(ward: Ward) -> None:
    infusion = overridden_start(ward)
    services.stop_infusion(ward.nurse, infusion, completed=True, occurred_at=hours(105))
    assert [text.split()[0] for text in standing()] == ["End", "Start"]
    assert Deviation.objects.get(summary__startswith="End").is_important


def test_a_corrected_end_is_told_beside_open_deviations_of_start_and_weight(ward: Ward) -> None:
    infusion = overridden_start(ward)
    correct_start(ward, infusion, dosing_weight_kg=D("60"))
    services.stop_infusion(ward.nurse, infusion, completed=True, occurred_at=hours(90))
    current = Infusion.objects.get(pk=infusion.pk)
    services.correct_end(
        ward.nurse, current, version=current.version, completed=True, end_reason="planned end", reason=WHY,
        occurred_at=hours(105),
    )  # fmt: skip
    assert [text.split()[0] for text in standing()] == ["End", "Start", "Weight"]


def test_a_weight_past_a_limit_at_the_start_is_closed_when_it_is_corrected(ward: Ward) -> None:
    infusion = start(ward, dosing_weight_kg=D("125"), override_reason="weighed twice")
    correct_start(ward, infusion, dosing_weight_kg=D("121"))
    (kept,) = [text for text in standing() if text.startswith("Weight")]
    assert "Dosing weight 121 kg is above 120 kg" in kept
    assert kept.endswith("Reason given: weighed twice")
    correct_start(ward, infusion, dosing_weight_kg=D("80"))
    (kept,) = standing()
    assert "above" not in kept
    assert "recorded as 121" in kept


def test_the_same_finding_is_kept_once(ward: Ward) -> None:
    infusion = overridden_start(ward)
    correct_start(ward, infusion, dosing_weight_kg=D("60"))
    correct_start(ward, infusion, occurred_at=STARTED)
    assert len(standing()) == 2
    assert queries.rates_of(infusion)[0].occurred_at == STARTED


def test_a_start_without_a_check_keeps_its_reason_when_its_weight_is_corrected(ward: Ward) -> None:
    infusion = start(ward, dosing_weight_kg=D("125"), checked_by=None, override_reason="alone on the ward")
    correct_start(ward, infusion, dosing_weight_kg=D("80"))
    first, weight = standing()
    assert first.startswith("Start of the infusion: No second person")
    assert first.endswith("Reason given: alone on the ward")
    assert "recorded as 125" in weight
    assert "above" not in weight


def test_an_end_that_was_none_is_late_no_more_when_the_infusion_ran_again(ward: Ward) -> None:
    infusion = start(ward)
    services.stop_infusion(ward.nurse, infusion, completed=True, occurred_at=hours(105))
    step(ward, infusion, 106, rate=D("0.15"), happened=True)
    services.stop_infusion(ward.nurse, infusion, completed=True, occurred_at=hours(107))
    (end,) = [text for text in standing() if text.startswith("End")]
    assert "Duration of the infusion 107 h" in end
    assert len([text for text in void() if text.startswith("End")]) == 1
