"""The order of the steps and the axes of the status, against 21 CFR 11.10(f) and the trial's design."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from trial.participants.models import Status
from trial.participants.rules import NEEDS_REASON, STATUS_VALUES, Progress, Step, judge_order, judge_status

CONSENTED = datetime(2026, 3, 2, 15, tzinfo=UTC)
STEPS: tuple[Step, ...] = ("screening", "eligibility", "infusion")


@pytest.mark.parametrize("step", STEPS)
def test_nothing_is_ordered_before_consent(step: Step) -> None:
    verdict = judge_order(step, Progress(is_eligible=True))
    assert verdict.severity == "hard"
    assert "consent" in verdict.why


@pytest.mark.parametrize("step", STEPS)
def test_nothing_is_ordered_after_withdrawal(step: Step) -> None:
    verdict = judge_order(step, Progress(CONSENTED, is_eligible=True, has_withdrawn=True))
    assert "withdrew" in verdict.why


@pytest.mark.parametrize(("is_eligible", "ok"), [(None, False), (False, False), (True, True)])
def test_the_infusion_waits_for_a_positive_decision(is_eligible: bool | None, ok: bool) -> None:
    assert judge_order("infusion", Progress(CONSENTED, is_eligible)).ok is ok


def test_screening_and_decision_need_consent_only() -> None:
    assert judge_order("screening", Progress(CONSENTED)).ok
    assert judge_order("eligibility", Progress(CONSENTED)).ok


def test_the_axes_are_those_of_the_table_and_every_value_is_used() -> None:
    assert set(STATUS_VALUES) == set(Status.Axis.values)
    assert {value for values in STATUS_VALUES.values() for value in values} == set(Status.Value.values)


def test_a_value_belongs_to_its_axis() -> None:
    assert "no value of contact" in judge_status("contact", "completed", "x").why
    assert "no status 'mood'" in judge_status("mood", "active", "").why


@pytest.mark.parametrize("value", sorted(NEEDS_REASON))
def test_an_ending_needs_a_reason(value: str) -> None:
    axis = next(axis for axis, values in STATUS_VALUES.items() if value in values)
    assert not judge_status(axis, value, "  ").ok
    assert judge_status(axis, value, "moved away").ok
