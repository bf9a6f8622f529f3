"""An assessment is scored, saved once, closes its visit and raises its alert, all in one transaction."""

from __future__ import annotations

import uuid
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from assessments import queries, services
from assessments.models import Assessment
from tests.assessments.ratings import RATED, rate, scores_of
from tests.trial.participants import people
from trial.audit.models import AuditEntry
from trial.participants.models import Participant, Visit
from trial.participants.queries import get_visit
from trial.records import events
from trial.records.services import KeyReused, ReasonRequired, StaleRecord
from trial.safety.models import Alert, Deviation
from trial.users.models import User

pytestmark = pytest.mark.django_db


def test_a_complete_madrs_is_summed_and_keeps_its_items(rater: User, participant: Participant) -> None:
    row = rate(rater, participant, scores_of("madrs", 3, suicidal_thoughts=1))
    row.refresh_from_db()
    assert row.total == 28
    assert row.scores["suicidal_thoughts"] == 1
    assert row.missing == {}
    assert (row.instrument_version, row.recall_window) == ("1979", "7 d")


def test_the_recall_window_of_day_6_is_a_day(rater: User, participant: Participant) -> None:
    row = rate(rater, participant, scores_of("madrs", 1), visit="day_6")
    assert row.recall_window == "24 h"


def test_an_impression_of_change_asks_about_no_time(rater: User, participant: Participant) -> None:
    row = rate(rater, participant, {"improvement": 2}, code="cgi_i", visit="week_2")
    assert row.recall_window == ""


def test_an_open_item_leaves_the_total_null_and_is_marked(rater: User, participant: Participant) -> None:
    scores = scores_of("madrs", 2)
    del scores["reduced_sleep"], scores["reduced_appetite"]
    row = rate(rater, participant, scores, missing={"reduced_sleep": "interview broke off"})
    assert row.total is None
    assert row.missing == {"reduced_sleep": "interview broke off", "reduced_appetite": services.NO_REASON}


def test_the_positive_symptoms_are_summed_apart(rater: User, participant: Participant) -> None:
    scores = scores_of("bprs", 1, suspiciousness=3, hallucinatory_behaviour=2)
    row = rate(rater, participant, scores, code="bprs", visit="infusion_day_3")
    assert (row.total, row.subscales) == (Decimal(21), {"positive": 7})


@pytest.mark.parametrize(
    ("code", "scores", "message"),
    [
        ("madrs", {"lassitude": 7}, "lassitude"),
        ("madrs", {"joy": 1}, "no item 'joy'"),
        ("bprs", {"tension": 0}, "tension"),
        ("madrs", {}, "no item is rated"),
        ("hamd", {"mood": 1}, "No instrument 'hamd'"),
    ],
)
def test_what_the_scale_does_not_know_is_refused_by_name(
    rater: User, participant: Participant, code: str, scores: dict[str, int], message: str
) -> None:
    with pytest.raises(services.AssessmentRefused, match=message):
        rate(rater, participant, scores, code=code)
    assert not Assessment.objects.exists()


def test_an_item_cannot_be_scored_and_missing_at_once(rater: User, participant: Participant) -> None:
    with pytest.raises(services.AssessmentRefused, match="lassitude cannot be missing"):
        rate(rater, participant, scores_of("madrs", 2), missing={"lassitude": "asleep"})


def test_an_unknown_recall_window_is_refused(rater: User, participant: Participant) -> None:
    with pytest.raises(services.AssessmentRefused, match="'2 wk' is not known; known: 7 d, 24 h"):
        rate(rater, participant, scores_of("madrs", 2), recall_window="2 wk")


def test_a_visit_is_done_when_its_last_instrument_is_in(rater: User, participant: Participant) -> None:
    rate(rater, participant, scores_of("madrs", 3))
    assert get_visit(participant, "screening").state == Visit.State.PLANNED
    rate(rater, participant, {"severity": 5}, code="cgi_s", at=RATED + timedelta(minutes=10))
    assert get_visit(participant, "screening").state == Visit.State.DONE


def test_an_incomplete_instrument_leaves_its_visit_open(rater: User, participant: Participant) -> None:
    rate(rater, participant, {"severity": 5}, code="cgi_s")
    rate(rater, participant, {"lassitude": 2})
    assert get_visit(participant, "screening").state == Visit.State.PLANNED


def test_a_visit_outside_its_window_is_recorded_and_reported(rater: User, participant: Participant) -> None:
    rate(rater, participant, {"severity": 5}, code="cgi_s", at=RATED + timedelta(days=40))
    assert Assessment.objects.count() == 1
    assert Deviation.objects.filter(participant=participant, kind=Deviation.Kind.WINDOW).exists()


@pytest.mark.parametrize(("value", "level"), [(1, None), (2, "review"), (4, "urgent"), (6, "emergency")])
def test_item_10_raises_its_alert(rater: User, participant: Participant, value: int, level: str | None) -> None:
    row = rate(rater, participant, scores_of("madrs", 0, suicidal_thoughts=value))
    alerts = list(Alert.objects.values_list("level", "source_id", "kind"))
    assert alerts == ([(level, row.pk, services.ALERT_KIND)] if level else [])


def test_an_alert_that_cannot_be_raised_takes_the_assessment_with_it(
    rater: User, participant: Participant, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(**_: object) -> None:
        raise RuntimeError("handler failed")

    monkeypatch.setitem(events._handlers, "rating.judged", [broken])
    with pytest.raises(RuntimeError, match="handler failed"):
        rate(rater, participant, scores_of("madrs", 0, suicidal_thoughts=6))
    assert not Assessment.objects.exists()
    assert not Alert.objects.exists()


def test_a_correction_that_raises_the_level_raises_an_alert(rater: User, participant: Participant) -> None:
    row = rate(rater, participant, scores_of("madrs", 1))
    values: dict[str, Any] = {"mode": row.mode, "rater": rater, "occurred_at": row.occurred_at}
    raised = scores_of("madrs", 1, suicidal_thoughts=5)
    corrected = services.correct_assessment(rater, row, version=1, reason="misheard", scores=raised, **values)
    assert (corrected.total, corrected.version) == (Decimal(14), 2)
    assert Alert.objects.get().level == "urgent"


def test_a_correction_at_the_same_level_raises_no_second_alert(rater: User, participant: Participant) -> None:
    row = rate(rater, participant, scores_of("madrs", 1, suicidal_thoughts=4))
    values: dict[str, Any] = {"mode": row.mode, "rater": rater, "occurred_at": row.occurred_at}
    scores = scores_of("madrs", 2, suicidal_thoughts=5)
    services.correct_assessment(rater, row, version=1, reason="misread", scores=scores, **values)
    assert Alert.objects.count() == 1


def test_a_correction_needs_a_reason_and_the_current_version(rater: User, participant: Participant) -> None:
    row = rate(rater, participant, scores_of("madrs", 1))
    values: dict[str, Any] = {
        "scores": scores_of("madrs", 2),
        "mode": row.mode,
        "rater": rater,
        "occurred_at": row.occurred_at,
    }
    with pytest.raises(ReasonRequired):
        services.correct_assessment(rater, row, version=1, reason=" ", **values)
    with pytest.raises(StaleRecord):
        services.correct_assessment(rater, row, version=7, reason="misread", **values)
    row.refresh_from_db()
    assert row.total == 10


def test_a_correction_keeps_old_and_new_in_the_trail_with_its_reason(rater: User, participant: Participant) -> None:
    row = rate(rater, participant, scores_of("madrs", 1))
    values: dict[str, Any] = {
        "scores": scores_of("madrs", 2),
        "mode": row.mode,
        "rater": rater,
        "occurred_at": row.occurred_at,
    }
    services.correct_assessment(rater, row, version=1, reason="misread the sheet", **values)
    entry = AuditEntry.objects.filter(reason="misread the sheet").first()
    assert entry is not None
    assert entry.actor == rater.username


def test_the_same_form_sent_twice_saves_once_and_tells_once(
    rater: User, participant: Participant, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[object] = []
    monkeypatch.setitem(events._handlers, "rating.judged", [lambda **payload: told.append(payload)])
    key = uuid.uuid4()
    first = rate(rater, participant, scores_of("madrs", 1, suicidal_thoughts=6), key=key)
    assert rate(rater, participant, scores_of("madrs", 1, suicidal_thoughts=6), key=key) == first
    assert (Assessment.objects.count(), Alert.objects.count(), len(told)) == (1, 1, 1)
    with pytest.raises(KeyReused):
        rate(rater, participant, scores_of("madrs", 2), key=key)


def test_an_instrument_is_recorded_once_a_visit(rater: User, participant: Participant) -> None:
    rate(rater, participant, scores_of("madrs", 1))
    with pytest.raises(services.AssessmentRefused, match="already recorded at screening"):
        rate(rater, participant, scores_of("madrs", 2))


def test_the_database_itself_holds_an_instrument_once_a_visit(
    rater: User, participant: Participant, monkeypatch: pytest.MonkeyPatch
) -> None:
    rate(rater, participant, scores_of("madrs", 1))
    monkeypatch.setattr(queries, "assessment_at", lambda visit, instrument: None)  # the other save is not seen yet
    with pytest.raises(services.AssessmentRefused, match="already recorded at screening"):
        rate(rater, participant, scores_of("madrs", 2))
    assert Assessment.objects.get().total == 10


def test_the_score_before_is_the_latest_rated_one_not_the_latest_entered(rater: User, participant: Participant) -> None:
    rate(
        rater,
        participant,
        scores_of("madrs", 0, suicidal_thoughts=3),
        visit="baseline",
        at=RATED + timedelta(days=5),
    )
    rate(rater, participant, scores_of("madrs", 0, suicidal_thoughts=1))
    assert queries.item_before(participant, RATED + timedelta(days=9)) == 3
    assert queries.item_before(participant, RATED + timedelta(days=1)) == 1
    assert queries.item_before(participant, RATED) is None


def test_the_entry_total_is_the_latest_before_the_infusion(
    rater: User, participant: Participant, monkeypatch: pytest.MonkeyPatch
) -> None:
    rate(rater, participant, scores_of("madrs", 3))
    rate(rater, participant, scores_of("madrs", 2), visit="baseline", at=people.STARTED - timedelta(days=1))
    rate(rater, participant, scores_of("madrs", 1), visit="day_6", at=people.STARTED + timedelta(days=5))
    began = events.InfusionTimes(people.STARTED, None)
    monkeypatch.setitem(events._providers, "infusion.times", lambda participant: began)
    assert events.ask("assessments.entry_total", participant=participant, instrument="madrs") == 20
    assert events.ask("assessments.entry_total", participant=participant, instrument="cgi_s") is None


def test_the_entry_total_is_the_latest_of_all_before_any_infusion(rater: User, participant: Participant) -> None:
    rate(rater, participant, scores_of("madrs", 3))
    rate(
        rater,
        participant,
        scores_of("madrs", 2) | {"lassitude": 4},
        visit="baseline",
        at=RATED + timedelta(days=1),
    )
    assert events.ask("assessments.entry_total", participant=participant, instrument="madrs") == 22


def test_a_simple_record_takes_few_queries(rater: User, participant: Participant) -> None:
    with CaptureQueriesContext(connection) as taken:
        rate(rater, participant, scores_of("madrs", 1))
    # Two hold the participant and the visit. PostgreSQL is told the actor before the write and again after it; SQLite
    # asks for it.
    assert len(taken) <= (19 if connection.vendor == "postgresql" else 16)


def test_no_scale_is_due_at_a_controls_scan(rater: User, participant: Participant) -> None:
    control = people.consent(rater, people.enrol(rater, participant.site, "control"))
    assert queries.due_instruments(get_visit(control, "control_1")) == ()


def test_a_corrected_date_of_rating_moves_the_visit_and_closes_the_deviation(
    rater: User, participant: Participant
) -> None:
    late = RATED + timedelta(days=60)
    rate(rater, participant, scores_of("madrs", 1), at=late)
    row = rate(rater, participant, {"severity": 3}, code="cgi_s", at=late)
    assert (get_visit(participant, "screening").done_at, Deviation.objects.get().closed_at) == (late, None)
    kept: dict[str, Any] = {"mode": row.mode, "rater": rater, "reason": "wrong month", "occurred_at": RATED}
    services.correct_assessment(rater, row, version=1, scores={"severity": 3}, **kept)
    assert get_visit(participant, "screening").done_at == RATED
    assert Deviation.objects.get().closed_at is None, "the MADRS of the visit is still dated outside the window"
    madrs = queries.assessment_at(get_visit(participant, "screening"), "madrs")
    assert madrs is not None
    services.correct_assessment(rater, madrs, version=1, scores=scores_of("madrs", 1), **kept)
    assert Deviation.objects.get().is_void
