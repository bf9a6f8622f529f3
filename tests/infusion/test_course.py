"""A corrected course leaves no deviation standing that its mistyped times or weight had made.

Limits: study protocol file ketamine_96h_v1 (rate 0.612 hard; weight change 5 % re-verified).
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from infusion import queries, services
from infusion.models import Infusion
from tests.infusion.ward import STARTED, Ward, hours, start
from trial.participants.models import Status
from trial.safety.models import Deviation

pytestmark = pytest.mark.django_db
D = Decimal
WHY = "typed wrongly"


def fresh(infusion: Infusion) -> Infusion:
    return Infusion.objects.get(pk=infusion.pk)


def correct_start(ward: Ward, infusion: Infusion, **changes: Any) -> Infusion:
    now = fresh(infusion)
    given = {"occurred_at": now.occurred_at, "dosing_weight_kg": now.dosing_weight_kg}
    given |= {"version": now.version, "reason": WHY}
    return services.correct_start(ward.psychiatrist, now, **{**given, **changes})


def correct_first_rate(ward: Ward, infusion: Infusion, **changes: Any) -> None:
    row = queries.rates_of(infusion)[0]
    given: dict[str, Any] = {"rate": row.rate, "explanation": row.explanation, "occurred_at": row.occurred_at}
    given |= {"checked_by": row.checked_by, "version": row.version, "reason": WHY}
    services.correct_rate(ward.psychiatrist, row, **{**given, **changes})


def counting() -> list[str]:
    """The summaries of the deviations that count."""
    return list(Deviation.objects.filter(is_void=False).values_list("summary", flat=True))


def test_a_start_typed_a_month_early_and_corrected_departs_from_nothing(ward: Ward) -> None:
    infusion = start(ward, occurred_at=STARTED - timedelta(days=31), happened=True)
    assert set(Deviation.objects.filter(is_important=True).values_list("kind", flat=True)) == {
        "consent",
        "eligibility",
    }
    correct_start(ward, infusion, occurred_at=STARTED)
    assert counting() == []
    assert not Deviation.objects.filter(closed_at=None).exists()


def test_a_mistyped_weight_corrected_takes_its_finding_at_the_start_with_it(ward: Ward) -> None:
    infusion = start(ward, dosing_weight_kg=D("8"), happened=True)  # 80 kg
    assert "8 kg is below 35 kg" in counting()[0]
    correct_start(ward, infusion, dosing_weight_kg=D("80"))
    (left,) = counting()
    assert "recorded as 8" in left
    assert "check the pump rates" in left


def test_what_the_weight_does_not_touch_stays_found_at_the_start(ward: Ward) -> None:
    infusion = start(ward, checked_by=None, override_reason="alone on the ward", rate=D("0.15"))
    assert "No second person" in counting()[0]
    correct_start(ward, infusion, dosing_weight_kg=D("78"))
    kept = next(one for one in counting() if one.startswith("Start of the infusion"))
    assert "No second person" in kept
    assert "alone on the ward" in kept


def test_the_check_that_was_missing_stays_found_when_the_weight_found_beside_it_goes(ward: Ward) -> None:
    infusion = start(ward, checked_by=None, override_reason="alone", dosing_weight_kg=D("80"), concentration=D("3"))
    before = counting()[0]
    assert "No second person" in before
    assert "Concentration of the solution" in before
    correct_start(ward, infusion, dosing_weight_kg=D("8"))
    correct_start(ward, infusion, dosing_weight_kg=D("80"))
    kept = next(one for one in counting() if one.startswith("Start of the infusion"))
    assert "No second person" in kept
    assert "Concentration of the solution" in kept


def test_a_mistyped_first_rate_corrected_takes_its_finding_at_the_start_with_it(ward: Ward) -> None:
    infusion = start(ward, rate=D("1.5"), happened=True)
    assert Deviation.objects.get().is_important
    correct_first_rate(ward, infusion, rate=D("0.15"))
    assert counting() == []


def test_a_first_rate_corrected_to_another_beyond_the_limit_is_said_once_against_the_rate(ward: Ward) -> None:
    infusion = start(ward, rate=D("1.5"), happened=True)
    correct_first_rate(ward, infusion, rate=D("0.9"))
    assert [one.split(":")[0] for one in counting()] == ["Rate 0.9000 mg/kg/h"]


def test_a_check_named_later_takes_only_its_lack_from_the_start(ward: Ward) -> None:
    infusion = start(ward, checked_by=None, override_reason="alone", concentration=D("3"))
    correct_first_rate(ward, infusion, checked_by=ward.other_nurse)
    (left,) = counting()
    assert "Concentration of the solution 3 mg/mL" in left
    assert "No second person" not in left


def test_the_missing_check_keeps_its_reason_when_the_rate_beside_it_is_corrected(ward: Ward) -> None:
    infusion = start(ward, checked_by=None, override_reason="alone", rate=D("0.20"))
    assert "Increase per step" in counting()[0]
    correct_first_rate(ward, infusion, rate=D("0.15"))
    (left,) = counting()
    assert "Increase" not in left
    assert "No second person" in left
    assert left.endswith("Reason given: alone")


def test_a_mistyped_first_bag_corrected_takes_its_finding_at_the_start_with_it(ward: Ward) -> None:
    infusion = start(ward, concentration=D("20"), happened=True)
    assert "Concentration of the solution 20" in counting()[0]
    bag = infusion.bags.get()
    services.correct_bag(
        ward.nurse, bag, version=bag.version, reason=WHY, concentration=D("2"), volume_ml=bag.volume_ml,
        occurred_at=bag.occurred_at,
    )  # fmt: skip
    (left,) = counting()
    assert "recorded as 20" in left


def test_follow_up_begins_at_the_corrected_end_and_goes_when_the_end_is_taken_back(ward: Ward) -> None:
    infusion = services.stop_infusion(ward.nurse, start(ward), completed=False, reason="slip", occurred_at=hours(90))
    ended = services.correct_end(
        ward.nurse, infusion, version=infusion.version, completed=True, end_reason="planned end",
        occurred_at=hours(96), reason=WHY,
    )  # fmt: skip
    assert Status.objects.get(participant=ward.participant, axis="follow_up").occurred_at == hours(96)
    services.withdraw_end(ward.nurse, ended, version=ended.version, reason="pressed by mistake")
    assert not Status.objects.filter(participant=ward.participant, axis="follow_up").exists()
