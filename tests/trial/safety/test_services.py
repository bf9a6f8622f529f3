"""Alerts, adverse events and deviations, against ICH E6(R3) and the protocol's 24 h for serious events."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction

from tests.trial.participants.people import CONSENTED, confirmed
from trial import protocol
from trial.audit.context import audited
from trial.participants.models import Participant, Status
from trial.records.events import emit
from trial.records.services import ReasonRequired, RecordError
from trial.safety import services
from trial.safety.models import AdverseEvent, Alert, Deviation
from trial.users.models import User

EVENT: dict[str, Any] = {
    "term": "nausea",
    "grade": 2,
    "is_serious": False,
    "ketamine_causality": "probable",
    "clonidine_causality": "unlikely",
    "procedure_causality": "unrelated",
    "aware_at": CONSENTED + timedelta(hours=1),
}
SERIOUS: dict[str, Any] = {**EVENT, "is_serious": True, "seriousness": "hospital stay"}


@pytest.fixture
def record(consented: Participant, coordinator: User) -> Callable[..., AdverseEvent]:
    def enter(**values: Any) -> AdverseEvent:
        return services.record_adverse_event(
            coordinator, participant=consented, occurred_at=CONSENTED, **{**EVENT, **values}
        )

    return enter


def alert(actor: User, participant: Participant, **other: Any) -> Alert:
    given: dict[str, Any] = {"kind": "suicidality", "level": "urgent", "summary": "Item 10 is 4.", **other}
    return services.raise_alert(actor, participant=participant, **given)


def deviation(actor: User, participant: Participant, **other: Any) -> Deviation:
    given: dict[str, Any] = {
        "kind": "window",
        "summary": "Week 2 was late.",
        "occurred_at": CONSENTED,
        **other,
    }
    return services.record_deviation(actor, participant=participant, **given)


def test_an_alert_stays_open_until_somebody_says_what_was_done(consented: Participant, psychiatrist: User) -> None:
    raised = alert(psychiatrist, consented)
    with pytest.raises(RecordError, match="what was done"):
        services.acknowledge(psychiatrist, raised, action_taken="  ", confirmation=confirmed(psychiatrist))
    done = services.acknowledge(
        psychiatrist, raised, action_taken="Seen at once, C-SSRS done.", confirmation=confirmed(psychiatrist)
    )
    assert (done.acknowledged_by, done.action_taken) == (psychiatrist, "Seen at once, C-SSRS done.")
    assert done.acknowledged_at is not None


def test_an_alert_is_acknowledged_once(consented: Participant, psychiatrist: User, coordinator: User) -> None:
    raised = alert(psychiatrist, consented)
    services.acknowledge(psychiatrist, raised, action_taken="Seen.", confirmation=confirmed(psychiatrist))
    with pytest.raises(RecordError, match="Paul has already acknowledged this alert; its page says what was done"):
        services.acknowledge(coordinator, raised, action_taken="Called.", confirmation=confirmed(coordinator))


@pytest.mark.parametrize("version", protocol.versions())
@pytest.mark.parametrize("given", [EVENT, SERIOUS], ids=["not serious", "serious"])
def test_an_onset_may_lie_years_before_the_participant_was_met(
    consented: Participant, psychiatrist: User, version: str, given: dict[str, Any]
) -> None:
    consented.protocol_version = version  # the second finds the entry late, and the serious one raises its alert
    years_ago = CONSENTED - timedelta(days=3 * 365)
    event = services.record_adverse_event(psychiatrist, participant=consented, occurred_at=years_ago, **given)
    assert event.occurred_at == years_ago
    for raised in Alert.objects.all():
        services.attend(psychiatrist, raised)


def test_the_same_open_alert_about_a_record_is_raised_once(consented: Participant, psychiatrist: User) -> None:
    source = Status.objects.filter(participant=consented).earliest("entered_at")
    first = alert(psychiatrist, consented, source=source)
    assert alert(psychiatrist, consented, source=source) == first
    assert alert(psychiatrist, consented, source=source, level="emergency") != first
    services.acknowledge(psychiatrist, first, action_taken="Seen.", confirmation=confirmed(psychiatrist))
    assert alert(psychiatrist, consented, source=source) != first


def test_a_long_summary_is_cut_not_refused(consented: Participant, psychiatrist: User) -> None:
    assert len(alert(psychiatrist, consented, summary="x" * 500).summary) == 300


def test_an_unknown_level_is_refused(consented: Participant, psychiatrist: User) -> None:
    with pytest.raises(ValidationError):
        alert(psychiatrist, consented, level="mild")


def test_a_deviation_is_kept_once_for_each_source_and_kind(consented: Participant, coordinator: User) -> None:
    source = Status.objects.filter(participant=consented).earliest("entered_at")
    first = deviation(coordinator, consented, source=source)
    assert deviation(coordinator, consented, source=source) == first
    assert deviation(coordinator, consented, source=source, kind="order") != first
    assert deviation(coordinator, consented) != deviation(coordinator, consented)


def test_an_open_deviation_stands_only_for_its_own_ground(consented: Participant, coordinator: User) -> None:
    source = Status.objects.filter(participant=consented).earliest("entered_at")
    given: dict[str, Any] = {"kind": "limit", "source": source}
    first = deviation(coordinator, consented, summary="Weight: 5 % off. Reason given: scales", ground="Weight", **given)
    assert deviation(coordinator, consented, summary="Weight: 5 % off.", ground="Weight", **given) == first
    assert deviation(coordinator, consented, summary="End: 105 h.", ground="End", **given) != first


def test_after_closing_only_another_departure_is_kept_anew(consented: Participant, coordinator: User) -> None:
    source = Status.objects.filter(participant=consented).earliest("entered_at")
    first = deviation(coordinator, consented, source=source)
    services.close_deviation(coordinator, first, correction="Staff told.")
    assert deviation(coordinator, consented, source=source) == first
    assert deviation(coordinator, consented, source=source, summary="Week 2 was very late.") != first


def test_a_deviation_is_closed_once_with_its_correction(consented: Participant, coordinator: User) -> None:
    found = deviation(coordinator, consented)
    with pytest.raises(RecordError, match="Say what was done"):
        services.close_deviation(coordinator, found, correction="")
    closed = services.close_deviation(coordinator, found, correction="Staff told.")
    assert closed.closed_at is not None
    with pytest.raises(RecordError, match="already closed: Staff told"):
        services.close_deviation(coordinator, found, correction="Again.")


def test_an_event_becomes_a_deviation_in_the_same_transaction(consented: Participant, coordinator: User) -> None:
    source = Status.objects.filter(participant=consented).earliest("entered_at")
    payload: dict[str, Any] = {
        "participant": consented,
        "visit": None,
        "actor": coordinator,
        "kind": "consent",
    }
    payload |= {"summary": "No consent.", "occurred_at": CONSENTED, "source": source, "is_important": True}
    payload |= {"ground": "consent"}

    def fail() -> None:
        with transaction.atomic(), audited(coordinator, "tried"):
            emit("deviation.found", **payload)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert not Deviation.objects.exists()
    emit("deviation.found", **payload)
    found = Deviation.objects.get()
    assert (found.source_table, found.source_id) == ("participants.status", source.pk)
    assert (found.is_important, found.is_automatic, found.ground) == (True, True, "consent")


def test_a_mild_event_raises_no_alert(record: Any) -> None:
    record()
    assert not Alert.objects.exists()


def test_a_serious_event_raises_one_alert_with_its_reporting_time(record: Any) -> None:
    event = record(**SERIOUS)
    found = Alert.objects.get()
    assert (found.level, found.source_id) == ("urgent", event.pk)
    # Known 2026-03-02 16:00 UTC, plus 24 h, in Chicago (UTC-6).
    assert "Report by 2026-03-03 10:00 (24 h)" in found.summary


def test_the_same_event_form_twice_is_one_event_and_one_alert(record: Any) -> None:
    key = uuid.uuid4()
    assert record(**SERIOUS, key=key) == record(**SERIOUS, key=key)
    assert (AdverseEvent.objects.count(), Alert.objects.count()) == (1, 1)


def test_an_event_that_turns_serious_raises_the_alert_then(record: Any, psychiatrist: User) -> None:
    event = record()
    with pytest.raises(ReasonRequired):
        services.correct_adverse_event(psychiatrist, event, version=1, reason=" ", is_serious=True)
    services.correct_adverse_event(
        psychiatrist, event, version=1, reason="admitted", is_serious=True, seriousness="hospital stay"
    )
    assert Alert.objects.count() == 1


def test_correcting_a_serious_event_does_not_alarm_again(record: Any, psychiatrist: User) -> None:
    event = record(**SERIOUS)
    services.acknowledge(
        psychiatrist, Alert.objects.get(), action_taken="Reported.", confirmation=confirmed(psychiatrist)
    )
    services.correct_adverse_event(psychiatrist, event, version=1, reason="ended", outcome="recovered")
    assert Alert.objects.count() == 1


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"ended_at": CONSENTED - timedelta(minutes=1)}, "ended_at"),
        ({"aware_at": CONSENTED - timedelta(minutes=1)}, "aware_at"),
        ({"is_serious": True}, "seriousness"),
        ({"grade": 5}, "is_fatal"),
        ({"grade": 6}, "grade"),
    ],
)
def test_an_event_that_contradicts_itself_is_refused(record: Any, values: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        record(**values)
    assert field in refused.value.message_dict
    assert not AdverseEvent.objects.exists()


def test_severe_is_not_serious(record: Any) -> None:
    assert record(grade=3).is_serious is False


def test_a_life_threatening_event_is_serious_unless_it_is_said_why_not(record: Any) -> None:
    # ICH E2A, II.B: life-threatening is one of the criteria of seriousness; CTCAE v5 also grades laboratory values 4.
    with pytest.raises(ValidationError, match="life-threatening event is serious"):
        record(grade=4)
    assert record(grade=4, seriousness="Potassium of a haemolysed sample").is_serious is False
    assert not Alert.objects.exists()


def test_records_cost_few_queries(
    consented: Participant, psychiatrist: User, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(12):
        services.record_adverse_event(psychiatrist, participant=consented, occurred_at=CONSENTED, **EVENT)
    with django_assert_max_num_queries(26):  # the event, its alert and the messages about it
        services.record_adverse_event(psychiatrist, participant=consented, occurred_at=CONSENTED, **SERIOUS)
    with django_assert_max_num_queries(12):
        deviation(psychiatrist, consented)
