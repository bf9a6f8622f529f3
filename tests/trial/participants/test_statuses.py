"""Dated statuses: a permission takes effect or is refused in words, and what was derived from a time follows it.

Permission: the trial's rule that whoever's latest permission to use data is refused stands in no number.
Void deviations: ICH E6(R3), 4.2.2; what was recorded by a slip is kept and counts no more.
"""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest

from tests.trial.participants.people import CONSENTED, STARTED, consent
from trial.participants import queries, services
from trial.participants.models import Participant, Status
from trial.records.services import RecordError
from trial.safety.models import Deviation
from trial.users.models import User


def say(actor: User, participant: Participant, axis: str, value: str, **given: Any) -> Status:
    return services.set_status(actor, participant, axis=axis, value=value, **given)


@pytest.mark.parametrize(("axis", "named"), [("data", "permission to use data"), ("contact", "permission to contact")])
def test_a_refusal_dated_before_the_permission_it_ends_is_answered_with_its_time(
    consented: Participant, coordinator: User, axis: str, named: str
) -> None:
    with pytest.raises(RecordError) as refused:
        say(coordinator, consented, axis, "refused", occurred_at=CONSENTED - timedelta(hours=9))
    assert named in str(refused.value).lower()
    assert "2026-03-02 09:00" in str(refused.value)  # 15:00 UTC in Chicago before the change of clocks
    assert "granted" in str(refused.value)
    assert Status.objects.filter(axis=axis).count() == 1
    say(coordinator, consented, axis, "refused", occurred_at=CONSENTED + timedelta(minutes=1))
    now = queries.current_status(consented, axis)
    assert now is not None
    assert now.value == "refused"


def test_a_refusal_at_the_very_moment_of_the_permission_holds(consented: Participant, coordinator: User) -> None:
    say(coordinator, consented, "data", "refused", occurred_at=CONSENTED)
    now = queries.current_status(consented, "data")
    assert now is not None
    assert now.value == "refused"


def test_a_permission_dated_before_the_refusal_is_answered_too(consented: Participant, coordinator: User) -> None:
    say(coordinator, consented, "data", "refused", occurred_at=CONSENTED + timedelta(days=2))
    with pytest.raises(RecordError, match="2026-03-04 09:00"):
        say(coordinator, consented, "data", "granted", occurred_at=CONSENTED + timedelta(days=1))


def test_a_form_sent_twice_is_one_refusal_even_after_a_later_permission(
    consented: Participant, coordinator: User
) -> None:
    given: dict[str, Any] = {"occurred_at": CONSENTED + timedelta(days=1), "key": uuid.uuid4()}
    first = say(coordinator, consented, "data", "refused", **given)
    say(coordinator, consented, "data", "granted", occurred_at=CONSENTED + timedelta(days=2))
    assert say(coordinator, consented, "data", "refused", **given) == first


def test_another_axis_takes_an_earlier_date(consented: Participant, coordinator: User) -> None:
    say(coordinator, consented, "follow_up", "lost", occurred_at=CONSENTED + timedelta(days=9), reason="no answer")
    say(coordinator, consented, "follow_up", "active", occurred_at=CONSENTED + timedelta(days=8))


def standing() -> list[tuple[str, bool]]:
    """Each deviation's kind and whether it counts."""
    return sorted(Deviation.objects.values_list("kind", "is_void"))


def test_a_start_corrected_to_after_the_consent_voids_what_was_found_at_the_wrong_time(
    consented: Participant, psychiatrist: User
) -> None:
    services.infusion_began(psychiatrist, consented, STARTED - timedelta(days=31))
    assert standing() == [("consent", False), ("eligibility", False)]
    services.infusion_began(psychiatrist, consented, STARTED)
    # Consent was there; nobody had decided on eligibility, at that time as at this.
    assert standing() == [("consent", True), ("eligibility", False)]
    closed = Deviation.objects.get(kind="consent")
    assert closed.closed_at is not None
    assert "start of the infusion was corrected" in closed.correction


def test_a_start_corrected_to_another_time_before_the_consent_says_that_time(
    consented: Participant, psychiatrist: User
) -> None:
    services.infusion_began(psychiatrist, consented, STARTED - timedelta(days=31))
    services.infusion_began(psychiatrist, consented, CONSENTED - timedelta(hours=1))
    assert standing() == [("consent", False), ("consent", True), ("eligibility", False)]
    assert "2026-03-02 08:00" in Deviation.objects.get(kind="consent", is_void=False).summary


def follow_up(participant: Participant) -> list[tuple[str, float]]:
    """Each follow-up status and its hours after the start."""
    rows = Status.objects.filter(participant=participant, axis="follow_up").values_list("value", "occurred_at")
    return [(value, (at - STARTED) / timedelta(hours=1)) for value, at in rows]


def end(actor: User, participant: Participant, hours: float) -> None:
    reason = "" if hours >= 96 else "slip"
    at = STARTED + timedelta(hours=hours)
    services.infusion_ended(actor, participant, at, completed=hours >= 96, reason=reason)


@pytest.fixture
def stopped(consented: Participant, psychiatrist: User) -> Participant:
    services.infusion_began(psychiatrist, consented, STARTED)
    end(psychiatrist, consented, 90)
    return consented


def test_follow_up_begins_with_the_corrected_end_and_goes_with_it(stopped: Participant, psychiatrist: User) -> None:
    end(psychiatrist, stopped, 96)
    assert follow_up(stopped) == [("active", 96)]
    services.infusion_reopened(psychiatrist, stopped, reason="pressed by mistake")
    assert follow_up(stopped) == []


def test_an_end_corrected_past_a_withdrawal_leaves_the_withdrawal_standing(
    stopped: Participant, psychiatrist: User
) -> None:
    at = STARTED + timedelta(hours=92)
    say(psychiatrist, stopped, "follow_up", "withdrew", occurred_at=at, reason="no time")
    end(psychiatrist, stopped, 96)
    now = queries.current_status(stopped, "follow_up")
    assert now is not None
    assert now.value == "withdrew"
    services.infusion_reopened(psychiatrist, stopped, reason="pressed by mistake")
    assert follow_up(stopped) == [("withdrew", 92)]


def test_a_withdrawal_after_the_infusion_is_none_at_a_corrected_start(stopped: Participant, psychiatrist: User) -> None:
    at = STARTED + timedelta(days=30)
    say(psychiatrist, stopped, "enrolment", "withdrew", occurred_at=at, reason="no time")
    services.infusion_began(psychiatrist, stopped, STARTED + timedelta(hours=1))
    assert not any("withdrew" in row.summary for row in Deviation.objects.all())


def test_a_pregnancy_found_after_the_infusion_is_none_at_a_corrected_start(
    stopped: Participant, coordinator: User, psychiatrist: User
) -> None:
    result: dict[str, Any] = {"result": "positive", "breast_feeding": "no", "contraception": "yes"}
    at = STARTED + timedelta(days=30)
    services.record_screening(coordinator, stopped, slug="pregnancy-test", occurred_at=at, **result)
    services.infusion_began(psychiatrist, stopped, STARTED + timedelta(hours=1))
    assert not any("pregnancy" in row.summary for row in Deviation.objects.all())


def test_a_renewed_consent_keeps_its_own_time(consented: Participant, coordinator: User) -> None:
    consent(coordinator, consented, CONSENTED + timedelta(days=5))
    now = queries.current_status(consented, "data")
    assert now is not None
    assert now.occurred_at == CONSENTED + timedelta(days=5)
