"""Edit checks at a save, after a correction and in the sweep: what they raise, close and leave alone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from infusion.models import Vitals
from tests.trial.monitoring import scenes
from tests.trial.monitoring.scenes import LATER, of_check
from tests.trial.participants.people import CONSENTED
from trial.audit.models import AuditEntry
from trial.monitoring.models import DataQuery
from trial.monitoring.services import answer, close, sweep
from trial.participants import services as participants
from trial.participants.models import Participant, Visit
from trial.participants.queries import get_visit
from trial.safety.models import Deviation
from trial.users.models import User

TOO_HIGH: dict[str, Any] = {"systolic": 210, "diastolic": 100}


def test_a_usual_record_raises_nothing(vitals: Vitals) -> None:
    assert not DataQuery.objects.exists()


def test_a_value_out_of_the_usual_range_is_asked_about_in_the_same_transaction(
    consented: Participant, coordinator: User
) -> None:
    with transaction.atomic():
        row = scenes.take(coordinator, consented, **TOO_HIGH)
        (query,) = of_check("implausible")
        transaction.set_rollback(True)
    assert not Vitals.objects.filter(pk=row.pk).exists()
    assert not DataQuery.objects.exists()
    assert (query.field, query.subject_id, query.state) == ("systolic", row.pk, "open")
    assert query.entered_by is None
    assert "210 mmHg" in query.question


def test_the_trail_names_whoever_saved_what_the_check_asks_about(consented: Participant, coordinator: User) -> None:
    scenes.take(coordinator, consented, **TOO_HIGH)
    entry = AuditEntry.objects.get(table_name="monitoring_dataquery")
    assert (entry.actor, entry.reason) == ("carla", "edit check: Value out of the usual range")


def test_a_correction_closes_the_query_naming_its_entry(consented: Participant, coordinator: User) -> None:
    row = scenes.take(coordinator, consented, **TOO_HIGH)
    scenes.correct(coordinator, row, systolic=120, diastolic=80, reason="digits swapped")
    (query,) = of_check("implausible")
    entry = AuditEntry.objects.filter(table_name="infusion_vitals").order_by("-id")[0]
    assert (query.state, query.outcome, query.correction) == ("closed", "corrected", entry.pk)
    assert "digits swapped" in query.closing_reason
    assert [one.verb for one in query.thread.all()] == ["raised", "closed"]


def test_a_correction_that_is_still_out_of_range_leaves_the_one_query_open(
    consented: Participant, coordinator: User
) -> None:
    row = scenes.take(coordinator, consented, **TOO_HIGH)
    scenes.correct(coordinator, row, systolic=220)
    assert [query.state for query in of_check("implausible")] == ["open"]


def test_an_accepted_answer_is_not_asked_for_again_while_the_values_are_the_same(
    consented: Participant, coordinator: User, manager: User
) -> None:
    row = scenes.take(coordinator, consented, **TOO_HIGH)
    query = answer(coordinator, of_check("implausible")[0], version=1, words="Measured twice, so it is.")
    close(manager, query, version=2, reason="Confirmed by the ward's sheet.")
    scenes.correct(coordinator, row, comment="seen by the psychiatrist")
    assert [query.state for query in of_check("implausible")] == ["closed"]
    scenes.correct(coordinator, row, systolic=215)
    assert [query.state for query in of_check("implausible")] == ["closed", "open"]


def test_a_value_that_comes_back_after_a_correction_is_asked_about_again(
    consented: Participant, coordinator: User
) -> None:
    row = scenes.take(coordinator, consented, **TOO_HIGH)
    scenes.correct(coordinator, row, systolic=120, diastolic=80)
    scenes.correct(coordinator, row, **TOO_HIGH)
    assert [query.state for query in of_check("implausible")] == ["closed", "open"]


def test_a_query_of_a_person_is_never_closed_by_a_check(
    consented: Participant, coordinator: User, monitor: User, vitals: Vitals
) -> None:
    from trial.monitoring.services import raise_query

    query = raise_query(monitor, subject=vitals, field="systolic", question="Sure?")
    scenes.correct(coordinator, vitals, systolic=128)
    query.refresh_from_db()
    assert query.state == "open"


def test_an_item_without_a_reason_is_asked_about_until_it_has_one(consented: Participant, coordinator: User) -> None:
    from assessments.services import correct_assessment

    scores = dict.fromkeys(scenes.ITEMS[1:], 2)
    row = scenes.rate(coordinator, consented, scores=scores)
    (query,) = of_check("missing_item")
    assert query.visit == row.visit
    given: dict[str, Any] = {"scores": scores, "mode": "in_person", "rater": coordinator, "occurred_at": LATER}
    correct_assessment(
        coordinator, row, version=1, reason="asked again", missing={scenes.ITEMS[0]: "interview ended"}, **given
    )
    query.refresh_from_db()
    assert (query.state, query.outcome) == ("closed", "corrected")


def test_a_rating_on_another_day_than_its_visit_is_asked_about(consented: Participant, coordinator: User) -> None:
    participants.record_visit(coordinator, get_visit(consented, "screening"), occurred_at=LATER)
    scenes.rate(coordinator, consented, occurred_at=LATER + timedelta(days=1))
    assert [query.field for query in of_check("other_day")] == ["occurred_at"]


def test_what_is_dated_before_consent_outside_a_visit_is_found_by_the_sweep_once(
    consented: Participant, coordinator: User
) -> None:
    scenes.take(coordinator, consented, CONSENTED - timedelta(hours=1))
    assert not DataQuery.objects.exists()
    assert sweep() > 0
    assert sweep() == 0
    assert len(of_check("before_consent")) == 1
    assert not Deviation.objects.filter(source_table="infusion.vitals").exists()


def test_a_screening_form_before_consent_is_a_deviation_and_no_query(consented: Participant, coordinator: User) -> None:
    asked: dict[str, Any] = {"implant": "no", "metal_fragment": "no", "claustrophobia": "no", "cleared": "yes"}
    early = CONSENTED - timedelta(hours=1)
    participants.record_screening(coordinator, consented, slug="mri-safety", occurred_at=early, **asked)
    sweep()
    assert Deviation.objects.filter(kind="consent").count() == 1
    assert not DataQuery.objects.filter(subject_table="participants.mrisafety").exists()


def test_what_is_dated_after_withdrawal_is_found_and_closed_when_its_date_is_corrected(
    consented: Participant, coordinator: User
) -> None:
    participants.set_status(
        coordinator, consented, axis="enrolment", value="withdrew", occurred_at=LATER, reason="moved away"
    )
    row = scenes.take(coordinator, consented, LATER + timedelta(hours=1))
    sweep()
    assert [query.state for query in of_check("after_withdrawal")] == ["open"]
    scenes.correct(coordinator, row, occurred_at=LATER - timedelta(minutes=30))
    assert [query.state for query in of_check("after_withdrawal")] == ["closed"]


def test_two_weights_far_apart_are_asked_about(consented: Participant, coordinator: User) -> None:
    examined: dict[str, Any] = {"general": "normal", "heart_lungs": "normal", "neurological": "normal"}
    examined |= {"height_cm": 170, "systolic": 120, "diastolic": 80, "heart_rate": 60}
    for day, weight in enumerate((70, 77, 86)):
        participants.record_screening(
            coordinator,
            consented,
            slug="physical-examination",
            occurred_at=LATER + timedelta(days=day),
            weight_kg=weight,
            **examined,
        )
    sweep()
    assert ["86" in query.question and "77" in query.question for query in of_check("weight_change")] == [True]


def test_a_visit_without_a_word_is_asked_about_until_it_is_recorded(consented: Participant, coordinator: User) -> None:
    sweep()
    silent = of_check("silent_visit")
    assert silent
    closed = [query.visit.closes_at for query in silent if query.visit and query.visit.closes_at]
    assert len(closed) == len(silent)
    assert all(timezone.now() - at > timedelta(days=7) for at in closed)
    participants.miss_visit(coordinator, Visit.objects.get(pk=silent[0].subject_id), reason="did not come")
    sweep()
    silent[0].refresh_from_db()
    assert (silent[0].state, silent[0].outcome) == ("closed", "corrected")


def test_a_visit_marked_done_without_its_scales_is_asked_about_until_they_are_there(
    consented: Participant, coordinator: User
) -> None:
    visit = get_visit(consented, "screening")
    participants.record_visit(coordinator, visit, occurred_at=LATER)
    sweep()
    (query,) = of_check("incomplete_visit")
    assert "Montgomery" in query.question
    scenes.rate(coordinator, consented)
    sweep()
    query.refresh_from_db()
    assert query.state == "open"
    scenes.rate(coordinator, consented, instrument="cgi_s", scores={"severity": 4})
    sweep()
    query.refresh_from_db()
    assert (query.state, query.outcome) == ("closed", "corrected")


def test_a_visit_held_outside_its_window_is_asked_about_until_its_date_is_corrected(
    consented: Participant, coordinator: User
) -> None:
    visit = get_visit(consented, "screening")
    participants.record_visit(coordinator, visit, occurred_at=CONSENTED + timedelta(days=200))
    sweep()
    (query,) = of_check("outside_window")
    assert (query.field, "Screening was held" in query.question) == ("done_at", True), query.question
    visit = get_visit(consented, "screening")
    participants.correct_visit(coordinator, visit, version=visit.version, reason="wrong month", done_at=LATER)
    query.refresh_from_db()
    assert (query.state, query.outcome, "wrong month" in query.closing_reason) == ("closed", "corrected", True)
    (lacking,) = of_check("incomplete_visit")
    assert lacking.state == "open", "another date is no scale"


def test_a_save_of_a_usual_record_pays_nothing_for_the_checks(
    consented: Participant, coordinator: User, django_assert_max_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from trial.records import events

    with CaptureQueriesContext(connection) as checked:
        scenes.take(coordinator, consented)
    monkeypatch.setitem(events._handlers, "record.saved", [])
    with CaptureQueriesContext(connection) as bare:
        scenes.take(coordinator, consented)
    assert len(checked) <= len(bare)
