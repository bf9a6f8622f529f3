"""Adverse events in depth: seriousness, contradictions, follow-up, and hospital stays told of by a missed visit.

Sources: ICH E2A II.B and 21 CFR 312.32(a) for the six rules of seriousness, CDISC SDTM for AEOUT and AEACN.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from tests.trial.participants.people import CONSENTED
from trial.participants import queries as participants
from trial.participants.models import Participant, Visit
from trial.participants.services import miss_visit, record_visit
from trial.safety import services
from trial.safety.models import CRITERIA, AdverseEvent, AdverseEventFollowUp, Alert, Outcome
from trial.safety.rules.events import EventFacts, contradictions
from trial.users.models import User

EVENT: dict[str, Any] = {
    "occurred_at": CONSENTED,
    "term": "nausea",
    "grade": 2,
    "ketamine_causality": "probable",
    "clonidine_causality": "unlikely",
    "procedure_causality": "unrelated",
    "aware_at": CONSENTED + timedelta(hours=1),
}
PLAIN = EventFacts(
    began_at=CONSENTED,
    aware_at=CONSENTED,
    ended_at=None,
    grade=2,
    is_serious=False,
    is_fatal=False,
    is_life_threatening=False,
    has_criterion=False,
    details="",
    outcome="",
)


def facts(**other: Any) -> EventFacts:
    return EventFacts(**{**vars(PLAIN), **other})


def test_the_flags_are_the_six_of_cdisc() -> None:
    # SDTMIG 3.4, domain AE; AESCAN and AESOD are no rules of seriousness.
    assert list(CRITERIA) == ["AESDTH", "AESLIFE", "AESHOSP", "AESDISAB", "AESCONG", "AESMIE"]


@pytest.mark.parametrize(
    "flag", [name for name in CRITERIA.values() if name not in ("is_fatal", "is_life_threatening")]
)
def test_any_rule_makes_an_event_serious_whatever_its_grade(
    consented: Participant, coordinator: User, flag: str
) -> None:
    event = services.record_adverse_event(coordinator, participant=consented, **{**EVENT, flag: True})
    assert event.is_serious
    assert len(event.criteria) == 1
    assert Alert.objects.get().source_id == event.pk


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"grade": 5}, "is_fatal"),
        ({"is_fatal": True, "is_serious": True, "has_criterion": True}, "grade"),
        ({"grade": 5, "is_fatal": True, "outcome": "recovered"}, "outcome_code"),
        ({"outcome": "fatal"}, "is_fatal"),
        ({"grade": 4}, "is_life_threatening"),
        ({"is_life_threatening": True, "has_criterion": True}, "grade"),
        ({"outcome": "recovered"}, "ended_at"),
        ({"outcome": "not_recovered", "ended_at": CONSENTED}, "ended_at"),
        ({"ended_at": CONSENTED - timedelta(minutes=1)}, "ended_at"),
        ({"aware_at": CONSENTED - timedelta(minutes=1)}, "aware_at"),
    ],
)
def test_what_contradicts_itself_is_named_at_its_field(given: dict[str, Any], field: str) -> None:
    assert field in contradictions(facts(**given))


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"grade": 3},
        {"grade": 4, "details": "Potassium of a haemolysed sample"},
        {"grade": 4, "is_life_threatening": True, "is_serious": True, "has_criterion": True},
        {"grade": 5, "is_fatal": True, "is_serious": True, "has_criterion": True, "outcome": "fatal"},
        {"outcome": "recovered", "ended_at": CONSENTED + timedelta(days=1)},
        {"outcome": "unknown"},
    ],
)
def test_what_agrees_with_itself_is_recorded(given: dict[str, Any]) -> None:
    assert contradictions(facts(**given)) == {}


def test_an_event_serious_in_words_only_keeps_them_and_says_what_is_missing(
    consented: Participant, coordinator: User
) -> None:
    # As every row from before the rules were asked one by one.
    old = services.record_adverse_event(
        coordinator, participant=consented, **EVENT, is_serious=True, seriousness="hospital stay"
    )
    assert (old.is_serious, old.criteria, old.seriousness) == (True, [], "hospital stay")
    assert "which rule of seriousness it meets" in old.to_complete


def test_an_event_is_followed_until_it_is_resolved(consented: Participant, coordinator: User) -> None:
    event = services.record_adverse_event(coordinator, participant=consented, **EVENT)
    assert not event.is_resolved
    learned = CONSENTED + timedelta(days=1)
    services.follow_up(coordinator, event, occurred_at=learned, news="Better.", outcome_code="recovering")
    event.refresh_from_db()
    assert (event.outcome_code, event.is_resolved, event.version) == ("recovering", False, 2)
    ended = CONSENTED + timedelta(days=2)
    services.follow_up(
        coordinator, event, occurred_at=ended, news="Gone.", outcome_code=Outcome.RECOVERED, ended_at=ended
    )
    event.refresh_from_db()
    assert (event.is_resolved, event.ended_at) == (True, ended)
    assert [row.news for row in AdverseEventFollowUp.objects.order_by("occurred_at")] == ["Better.", "Gone."]


def test_a_follow_up_that_tells_of_death_makes_the_event_serious(consented: Participant, coordinator: User) -> None:
    event = services.record_adverse_event(coordinator, participant=consented, **EVENT)
    at = CONSENTED + timedelta(days=1)
    services.follow_up(coordinator, event, occurred_at=at, news="Died.", outcome_code=Outcome.FATAL, ended_at=at)
    event.refresh_from_db()
    assert (event.grade, event.is_fatal, event.is_serious) == (5, True, True)
    assert Alert.objects.filter(source_id=event.pk).count() == 1


def test_the_same_follow_up_twice_is_one(consented: Participant, coordinator: User) -> None:
    import uuid

    event, key = services.record_adverse_event(coordinator, participant=consented, **EVENT), uuid.uuid4()
    given: dict[str, Any] = {"occurred_at": CONSENTED, "news": "Better.", "outcome_code": "recovering", "key": key}
    assert services.follow_up(coordinator, event, **given) == services.follow_up(coordinator, event, **given)
    event.refresh_from_db()
    assert event.version == 2


def week_2(consented: Participant) -> Visit:
    return participants.get_visit(consented, "week_2")


def test_a_visit_missed_for_a_hospital_stay_opens_a_serious_event_to_be_completed(
    consented: Participant, coordinator: User
) -> None:
    miss_visit(coordinator, week_2(consented), cause="hospitalisation", reason="ward 3")
    event = AdverseEvent.objects.get()
    assert (event.is_provisional, event.is_serious, event.is_hospitalisation) == (True, True, True)
    assert event.seriousness == "Visit missed: in hospital: ward 3"
    assert "caused by ketamine" in event.to_complete
    assert Alert.objects.get().kind == "serious_adverse_event"
    done = services.correct_adverse_event(
        coordinator, event, version=1, reason="letter came", term="Depression, admitted"
    )
    assert not done.is_provisional


@pytest.mark.parametrize("cause", [cause for cause in Visit.MissedFor.values if cause != "hospitalisation"])
def test_a_visit_missed_for_another_reason_opens_none(consented: Participant, coordinator: User, cause: str) -> None:
    miss_visit(coordinator, week_2(consented), cause=cause, reason="said so")
    assert not AdverseEvent.objects.exists()


def test_a_stay_that_is_recorded_already_is_not_recorded_twice(consented: Participant, coordinator: User) -> None:
    services.record_adverse_event(coordinator, participant=consented, **EVENT, is_hospitalisation=True)
    miss_visit(coordinator, week_2(consented), cause="hospitalisation")
    assert AdverseEvent.objects.count() == 1


def test_a_stay_that_ended_before_that_day_is_another_one(consented: Participant, coordinator: User) -> None:
    ended: dict[str, Any] = {"ended_at": CONSENTED + timedelta(days=1), "outcome_code": "recovered"}
    services.record_adverse_event(coordinator, participant=consented, **EVENT, is_hospitalisation=True, **ended)
    miss_visit(coordinator, week_2(consented), cause="hospitalisation")
    assert AdverseEvent.objects.filter(is_provisional=True).count() == 1


def test_two_visits_missed_for_one_stay_open_one_event(consented: Participant, coordinator: User) -> None:
    for code in ("week_2", "week_4"):
        miss_visit(coordinator, participants.get_visit(consented, code), cause="hospitalisation")
    assert AdverseEvent.objects.count() == 1


def test_a_visit_held_after_all_forgets_why_it_was_missed(consented: Participant, coordinator: User) -> None:
    visit = week_2(consented)
    miss_visit(coordinator, visit, cause="illness")
    record_visit(coordinator, visit, occurred_at=timezone.now())
    visit.refresh_from_db()
    assert (visit.missed_cause, visit.missed_reason) == ("", "")


def test_an_end_without_its_outcome_is_refused_in_the_service_too(consented: Participant, coordinator: User) -> None:
    with pytest.raises(ValidationError, match="Say when it ended"):
        services.record_adverse_event(coordinator, participant=consented, **EVENT, outcome_code="recovered")
