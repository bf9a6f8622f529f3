"""Other apps learn when the infusion ran, and a marked positive item of the BPRS alerts.

Threshold: 5 or more (protocol file ketamine_96h_v1, vital_signs.triggers.bprs_item_from_5).
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from assessments.instruments import instrument
from assessments.services import record_assessment
from infusion import services
from infusion.rules import POSITIVE_ITEMS
from tests.infusion.ward import STARTED, Ward, hours, start
from trial.records.events import InfusionTimes, ask
from trial.safety.models import Alert

pytestmark = pytest.mark.django_db


def rate_bprs(ward: Ward, marked: int) -> None:
    scores = dict.fromkeys(instrument("bprs").items, 1) | {"hallucinatory_behaviour": marked}
    record_assessment(
        ward.nurse, participant=ward.participant, visit=None, instrument="bprs", scores=scores,
        mode="in_person", rater=ward.nurse, occurred_at=hours(30),
    )  # fmt: skip


def test_the_positive_items_are_those_of_the_instrument() -> None:
    assert tuple(instrument("bprs").subscales["positive"].items) == POSITIVE_ITEMS


def test_running_infusions_are_told_and_no_other(ward: Ward) -> None:
    asked = [ward.participant]
    assert ask("infusion.running", participants=asked) == {}
    began = timezone.now() - timedelta(hours=2)
    infusion = start(ward, occurred_at=began, happened=True)
    told = ask("infusion.running", participants=asked)[ward.participant.pk]
    assert (told.started_at, told.rate, round(told.hours, 1), told.is_paused) == (began, Decimal("0.15"), 2, False)
    assert (told.vitals_at, told.vitals, told.is_vitals_overdue, told.alarm) == (None, "", True, "")
    taken: dict[str, Any] = {"systolic": 120, "diastolic": 70, "heart_rate": 70, "oxygen_saturation": 88}
    row = services.record_vitals(ward.nurse, ward.participant, **taken)
    told = ask("infusion.running", participants=asked)[ward.participant.pk]
    assert (told.vitals_at, told.vitals) == (row.occurred_at, "120/70 mmHg · 70/min · SpO2 88 %")
    assert told.alarm == "Oxygen saturation low: Stop the infusion, call the physician"
    services.stop_infusion(ward.nurse, infusion, completed=False, reason="desaturation")
    assert ask("infusion.running", participants=asked) == {}


def test_infusion_times_are_answered(ward: Ward) -> None:
    assert ask("infusion.times", participant=ward.participant) is None
    infusion = start(ward)
    assert ask("infusion.times", participant=ward.participant) == InfusionTimes(STARTED, None)
    services.stop_infusion(ward.nurse, infusion, completed=True, occurred_at=hours(96))
    assert ask("infusion.times", participant=ward.participant) == InfusionTimes(STARTED, hours(96))


def test_a_marked_positive_item_advises_a_hold_while_the_infusion_runs(ward: Ward) -> None:
    start(ward)
    rate_bprs(ward, 5)
    alert = Alert.objects.get(kind="positive_symptoms")
    assert alert.level == "urgent"
    assert "hallucinatory behaviour 5" in alert.summary
    assert "Pause or step down" in alert.summary


def test_without_an_infusion_the_alert_only_calls_the_psychiatrist(ward: Ward) -> None:
    rate_bprs(ward, 6)
    assert "Pause" not in Alert.objects.get(kind="positive_symptoms").summary


def test_an_item_below_the_threshold_is_quiet(ward: Ward) -> None:
    start(ward)
    rate_bprs(ward, 4)
    assert not Alert.objects.exists()
