"""Answers of an interview: kept in the trail without a reason, never over another page's, judged at once, submitted."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.db import IntegrityError
from django.utils import timezone

from assessments.interviews import services
from assessments.interviews.queries import latest_at
from assessments.interviews.services import Page, save_answers, set_aside, submit
from assessments.models import Assessment, Interview
from assessments.queries import interview_at
from assessments.services import AssessmentRefused, AssessmentThere, correct_assessment
from tests.assessments.ratings import RATED, rate, scores_of
from tests.trial.participants import people
from trial.audit.context import audited
from trial.audit.models import AuditEntry
from trial.audit.queries import history
from trial.locks.models import VisitLock
from trial.locks.preview import preview_of
from trial.participants.models import Participant, Visit
from trial.participants.queries import get_visit
from trial.participants.services import miss_visit
from trial.records.services import ReasonRequired, RecordError, StaleRecord
from trial.safety.models import Alert
from trial.users.models import Site, User

pytestmark = [pytest.mark.django_db, pytest.mark.db_engine]

MINE, THEIRS = uuid.UUID(int=1), uuid.UUID(int=2)
NEW = Page(MINE, 0, 1)
SOME = {"apparent_sadness": 3, "reported_sadness": 2}


@pytest.fixture
def visit(participant: Participant) -> Visit:
    """The screening visit."""
    return get_visit(participant, "screening")


@pytest.fixture
def colleague(site: Site) -> User:
    """Another psychiatrist at K."""
    return people.make_user("petra", site, "psychiatrist")


def save(
    actor: User, visit: Visit, scores: dict[str, int], page: Page = NEW, code: str = "madrs", **frame: Any
) -> Interview | None:
    """Save answers about an instrument at a visit."""
    given: dict[str, Any] = {"mode": "in_person", "rater": actor, "occurred_at": RATED, **frame}
    return save_answers(
        actor, participant=visit.participant, visit=visit, instrument=code, page=page, scores=scores, **given
    )


def hand_in(actor: User, visit: Visit, scores: dict[str, int], page: Page, **more: Any) -> Assessment:
    """Submit an instrument at a visit."""
    values: dict[str, Any] = {"mode": "in_person", "rater": actor, "occurred_at": RATED, **more}
    return submit(
        actor, participant=visit.participant, visit=visit, instrument="madrs", page=page, scores=scores, **values
    )


def deal_with(actor: User) -> None:
    """Acknowledge every alert."""
    with audited(actor, "dealt with"):
        Alert.objects.update(acknowledged_at=timezone.now())


def trail_of(row: Interview) -> list[tuple[str, str]]:
    """Who saved an interview and why, oldest first."""
    entries = AuditEntry.objects.filter(table_name="assessments_interview").order_by("id")
    return [(entry.actor, entry.reason) for entry in entries]


def test_answers_are_kept_and_corrected_without_a_reason_and_each_save_is_in_the_trail(
    visit: Visit, rater: User
) -> None:
    first = save(rater, visit, {"apparent_sadness": 3})
    assert first is not None
    second = save(rater, visit, {"apparent_sadness": 4, "lassitude": 1}, Page(MINE, first.version, 2))
    assert second is not None
    assert (second.pk, second.scores) == (first.pk, {"apparent_sadness": 4, "lassitude": 1})
    assert trail_of(second) == [("paul", services.BEGUN), ("paul", services.ANSWERED)]
    changes = history("assessments.Interview", first.pk, {visit.site_id})[1].changes
    assert [(one.field, one.old, one.new) for one in changes if "answers" in one.field] == [
        ("answers so far, apparent sadness", "3", "4"),
        ("answers so far, lassitude", "–", "1"),
    ]
    assert not Assessment.objects.exists(), "an interview in progress is no result"


def test_nothing_is_begun_before_something_is_answered(visit: Visit, rater: User) -> None:
    assert save(rater, visit, {}) is None
    assert not Interview.objects.exists()


def test_the_same_answers_again_are_not_written_again(visit: Visit, rater: User) -> None:
    first, again, theirs = (save(rater, visit, SOME, page) for page in (NEW, NEW, Page(THEIRS, 0, 1)))
    assert [row.version for row in (first, again, theirs) if row is not None] == [1, 1, 1]


def test_a_page_that_did_not_see_the_answers_of_another_never_overwrites_them(
    visit: Visit, rater: User, colleague: User
) -> None:
    save(rater, visit, SOME)
    with pytest.raises(StaleRecord):
        save(colleague, visit, {"lassitude": 5}, Page(THEIRS, 0, 1))
    with pytest.raises(StaleRecord):
        hand_in(colleague, visit, scores_of("madrs", 1), Page(THEIRS, 0, 1))
    assert Interview.objects.get().scores == SOME
    went_on = save(colleague, visit, {**SOME, "lassitude": 5}, Page(THEIRS, 1, 1))
    assert went_on is not None
    assert (went_on.entered_by, went_on.saved_by) == (rater, colleague)
    with pytest.raises(StaleRecord):
        save(rater, visit, {"lassitude": 0}, Page(MINE, 1, 2))


def test_a_page_whose_answer_was_lost_goes_on_but_a_late_save_brings_nothing_back(visit: Visit, rater: User) -> None:
    save(rater, visit, {"lassitude": 1}, Page(MINE, 0, 1))
    save(rater, visit, {"lassitude": 2}, Page(MINE, 0, 3))
    with pytest.raises(StaleRecord):
        save(rater, visit, {"lassitude": 6}, Page(MINE, 0, 2))
    assert Interview.objects.get().scores == {"lassitude": 2}


def test_a_late_save_brings_nothing_back_also_where_the_newer_one_said_what_stood(visit: Visit, rater: User) -> None:
    save(rater, visit, {"lassitude": 0}, Page(MINE, 0, 1))
    save(rater, visit, {"lassitude": 0}, Page(MINE, 1, 3))
    with pytest.raises(StaleRecord):
        save(rater, visit, {"lassitude": 4}, Page(MINE, 1, 2))
    assert Interview.objects.get().scores == {"lassitude": 0}


def test_an_item_10_that_calls_for_help_calls_while_the_interview_goes_on_and_once(visit: Visit, rater: User) -> None:
    save(rater, visit, {"suicidal_thoughts": 4}, Page(MINE, 0, 1))
    alert = Alert.objects.get()
    assert (alert.level, alert.source_table) == ("urgent", "assessments.interview")
    save(rater, visit, {"suicidal_thoughts": 4, "lassitude": 1}, Page(MINE, 1, 2))
    row = hand_in(rater, visit, scores_of("madrs", 1, suicidal_thoughts=4), Page(MINE, 2, 3))
    assert Alert.objects.count() == 1, "the rating says what the interview said"
    values: dict[str, Any] = {"mode": row.mode, "rater": rater, "occurred_at": RATED}
    correct_assessment(
        rater, row, version=1, reason="misheard", scores={**row.scores, "suicidal_thoughts": 6}, **values
    )
    assert sorted(Alert.objects.values_list("level", flat=True)) == ["emergency", "urgent"]


def test_an_answer_that_rises_during_the_interview_calls_again(visit: Visit, rater: User) -> None:
    save(rater, visit, {"suicidal_thoughts": 4}, Page(MINE, 0, 1))
    save(rater, visit, {"suicidal_thoughts": 6}, Page(MINE, 1, 2))
    assert sorted(Alert.objects.values_list("level", flat=True)) == ["emergency", "urgent"]


def test_one_danger_has_one_open_alert_whether_the_interview_or_the_rating_tells_of_it(
    visit: Visit, rater: User
) -> None:
    save(rater, visit, {"suicidal_thoughts": 6}, Page(MINE, 0, 1))
    save(rater, visit, {"suicidal_thoughts": 0}, Page(MINE, 1, 2))
    row = hand_in(rater, visit, scores_of("madrs", 0, suicidal_thoughts=6), Page(MINE, 2, 3))
    values: dict[str, Any] = {"mode": row.mode, "rater": rater, "occurred_at": RATED, "reason": "misheard"}
    correct_assessment(rater, row, version=1, scores={**row.scores, "suicidal_thoughts": 0}, **values)
    correct_assessment(rater, row, version=2, scores={**row.scores, "suicidal_thoughts": 6}, **values)
    assert Alert.objects.count() == 1
    deal_with(rater)
    correct_assessment(rater, row, version=3, scores={**row.scores, "suicidal_thoughts": 0}, **values)
    correct_assessment(rater, row, version=4, scores={**row.scores, "suicidal_thoughts": 6}, **values)
    assert Alert.objects.filter(acknowledged_at=None).count() == 1, "what was dealt with and comes again calls again"


def test_answers_that_are_not_kept_are_heeded_all_the_same(visit: Visit, rater: User, colleague: User) -> None:
    row = save(rater, visit, {"lassitude": 1})
    assert row is not None
    shown = services.heed(colleague, row, {"suicidal_thoughts": 6})
    assert shown.scores == {"suicidal_thoughts": 6}
    services.heed(colleague, row, {"suicidal_thoughts": 6})
    assert [alert.level for alert in Alert.objects.all()] == ["emergency"]
    assert Interview.objects.get().scores == {"lassitude": 1}


def test_a_slip_that_was_dealt_with_does_not_silence_a_positive_item(participant: Participant, rater: User) -> None:
    baseline = get_visit(participant, "baseline")
    save(rater, baseline, {"hallucinatory_behaviour": 6}, Page(MINE, 0, 1), code="bprs")
    deal_with(rater)
    save(rater, baseline, {"hallucinatory_behaviour": 6, "anxiety": 2}, Page(MINE, 1, 2), code="bprs")
    assert Alert.objects.count() == 1, "an item that stands is not called out at each save"
    save(rater, baseline, {"hallucinatory_behaviour": 1, "anxiety": 2}, Page(MINE, 2, 3), code="bprs")
    rate(rater, participant, scores_of("bprs", 1, hallucinatory_behaviour=6), code="bprs", visit="baseline")
    assert Alert.objects.filter(acknowledged_at=None).count() == 1


def test_a_positive_bprs_item_calls_during_the_interview_and_once(participant: Participant, rater: User) -> None:
    baseline = get_visit(participant, "baseline")
    save(rater, baseline, {"hallucinatory_behaviour": 6}, code="bprs")
    assert Alert.objects.get().source_table == "assessments.interview"
    rate(rater, participant, scores_of("bprs", 1, hallucinatory_behaviour=6), code="bprs", visit="baseline")
    assert Alert.objects.count() == 1


def test_submitting_records_the_rating_and_ends_the_interview_in_one_transaction(
    visit: Visit, rater: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(rater, visit, SOME)
    row = hand_in(rater, visit, scores_of("madrs", 2), Page(MINE, 1, 2))
    ended = Interview.objects.get()
    assert (int(row.total or 0), ended.state, ended.scores) == (20, "submitted", SOME)
    assert trail_of(ended)[-1] == ("paul", "interview submitted")
    assert interview_at(visit, "madrs") is None
    with pytest.raises(AssessmentThere):
        save(rater, visit, {"lassitude": 1}, Page(MINE, 2, 3))


def test_a_form_sent_twice_is_one_rating(visit: Visit, rater: User) -> None:
    save(rater, visit, SOME)
    key = uuid.uuid4()
    first, second = (hand_in(rater, visit, SOME, Page(MINE, 1, 2), key=key) for _ in range(2))
    assert first.pk == second.pk
    assert Interview.objects.get().version == 2


def test_what_a_programme_records_ends_the_interview_too(participant: Participant, visit: Visit, rater: User) -> None:
    save(rater, visit, SOME)
    rate(rater, participant, scores_of("madrs", 1), origin="import")
    assert Interview.objects.get().state == "submitted"


@pytest.mark.parametrize("scores", [{"lassitude": 7}, {"lassitude": True}, {"no_item": 1}])
def test_what_is_no_score_is_refused_and_nothing_is_kept(visit: Visit, rater: User, scores: dict[str, int]) -> None:
    with pytest.raises(AssessmentRefused):
        save(rater, visit, scores)
    assert not Interview.objects.exists()


def test_answers_set_aside_leave_the_interview_and_stay_in_the_trail(visit: Visit, rater: User) -> None:
    row = save(rater, visit, {"suicidal_thoughts": 6})
    assert row is not None
    with pytest.raises(ReasonRequired):
        set_aside(rater, row, version=1, reason=" ")
    with pytest.raises(StaleRecord):
        set_aside(rater, row, version=0, reason="wrong visit")
    emptied = set_aside(rater, row, version=1, reason="wrong visit")
    assert (emptied.state, emptied.scores) == ("set_aside", {})
    assert trail_of(emptied)[-1] == ("paul", "answers set aside: wrong visit")
    assert Alert.objects.count() == 1, "what was heard is not unheard"


def test_an_interview_set_aside_begins_anew_from_a_page_that_saw_it(visit: Visit, rater: User) -> None:
    row = save(rater, visit, SOME)
    assert row is not None
    emptied = set_aside(rater, row, version=1, reason="wrong visit")
    with pytest.raises(StaleRecord):
        save(rater, visit, {"lassitude": 1}, Page(THEIRS, 1, 1))
    again = save(rater, visit, {"lassitude": 1}, Page(THEIRS, emptied.version, 1))
    assert again is not None
    assert (again.pk, again.state, again.scores) == (row.pk, "in_progress", {"lassitude": 1})


def test_a_page_that_still_shows_answers_set_aside_neither_brings_them_back_nor_records_them(
    visit: Visit, rater: User, colleague: User
) -> None:
    row = save(rater, visit, SOME)
    assert row is not None
    set_aside(colleague, row, version=1, reason="wrong visit")
    with pytest.raises(StaleRecord):
        save(rater, visit, {**SOME, "lassitude": 1}, Page(MINE, 1, 2))
    with pytest.raises(StaleRecord):
        hand_in(rater, visit, scores_of("madrs", 1), Page(MINE, 1, 3))
    assert save(rater, visit, {}, Page(THEIRS, 2, 1), mode="phone") is None, "nothing is no beginning"
    assert Interview.objects.get().state == "set_aside"
    assert hand_in(rater, visit, scores_of("madrs", 1), Page(THEIRS, 2, 1)).total == 10


def test_an_interview_submitted_meanwhile_is_not_set_aside(visit: Visit, rater: User, colleague: User) -> None:
    row = save(rater, visit, SOME)
    assert row is not None
    hand_in(rater, visit, scores_of("madrs", 1), Page(MINE, 1, 2))
    with pytest.raises(StaleRecord):
        set_aside(colleague, row, version=1, reason="wrong visit")
    assert Interview.objects.get().state == "submitted"


def test_one_interview_a_visit_and_instrument_in_the_database_too(visit: Visit, rater: User) -> None:
    row = save(rater, visit, SOME)
    assert row is not None
    row.pk, row.key = uuid.uuid4(), uuid.uuid4()
    with pytest.raises(IntegrityError, match=r"interview_once_per_visit|assessments_interview"):
        row.save(force_insert=True)


def test_a_lock_waits_for_an_interview_in_progress(visit: Visit, rater: User) -> None:
    row = save(rater, visit, SOME)
    assert row is not None
    state = VisitLock.objects.get(pk=visit.pk)
    assert "Interviews in progress: 1. Submit each, or set its answers aside, first." in preview_of(state).hindrances
    set_aside(rater, row, version=1, reason="wrong visit")
    assert not [words for words in preview_of(state).hindrances if "Interviews" in words]


def test_a_visit_is_not_missed_while_answers_wait_there(visit: Visit, rater: User) -> None:
    row = save(rater, visit, SOME)
    assert row is not None
    with pytest.raises(RecordError, match=r"Interviews in progress: 1\. Submit each"):
        miss_visit(rater, visit, reason="snowed in")
    assert Visit.objects.get(pk=visit.pk).state == "planned"
    missed = miss_visit(rater, Visit.objects.get(pk=visit.pk), cause=Visit.MissedFor.HOSPITALISATION)
    assert missed.state == "missed", "the clock of a hospital stay does not wait"
    set_aside(rater, row, version=1, reason="wrong visit")
    assert miss_visit(rater, Visit.objects.get(pk=visit.pk), reason="snowed in").state == "missed"


def test_the_latest_interview_of_another_visit_is_none(participant: Participant, visit: Visit, rater: User) -> None:
    save(rater, visit, SOME)
    assert latest_at(get_visit(participant, "week_2"), "madrs") is None
