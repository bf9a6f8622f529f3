"""Queries by people: who may do what, once per form, by version, each step in the thread and in the trail."""

from __future__ import annotations

import threading
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection

from infusion.models import Vitals
from tests.trial.monitoring import scenes
from tests.trial.participants import people
from trial.audit.models import AuditEntry
from trial.locks.preview import preview_of
from trial.locks.queries import get_state
from trial.monitoring import queries
from trial.monitoring.models import DataQuery, QueryMessage
from trial.monitoring.services import answer, close, raise_query, reopen, withdraw
from trial.monitoring.services.queries import NotYours
from trial.participants.models import Participant
from trial.participants.queries import get_visit
from trial.records.events import ask
from trial.records.services import KeyReused, RecordError, StaleRecord
from trial.users.models import Site, User

WORDS = "As in the source; the cuff was changed."


@pytest.fixture
def asked(vitals: Vitals, monitor: User) -> DataQuery:
    """A monitor's query about one field."""
    return raise_query(monitor, subject=vitals, field="systolic", question="Is 126 as in the source?")


def test_a_query_names_its_record_its_field_and_the_version_asked_about(asked: DataQuery, vitals: Vitals) -> None:
    asked.refresh_from_db()
    assert (asked.subject_table, asked.subject_id, asked.field) == ("infusion.vitals", vitals.pk, "systolic")
    assert (asked.subject_version, asked.state, asked.participant) == (1, "open", vitals.participant)
    assert asked.site_id == vitals.site_id
    assert [(one.verb, one.words, one.state) for one in asked.thread.all()] == [
        ("raised", "Is 126 as in the source?", "open")
    ]


def test_a_query_can_be_about_a_visit_a_participant_and_an_item(
    consented: Participant, monitor: User, coordinator: User
) -> None:
    visit = get_visit(consented, "screening")
    rating = scenes.rate(coordinator, consented)
    assert raise_query(monitor, subject=visit, question="Held by whom?").visit == visit
    assert raise_query(monitor, subject=consented, question="Why so late?").visit is None
    item = raise_query(monitor, subject=rating, field="scores.reduced_sleep", question="2 or 3?")
    assert (item.visit, item.field) == (visit, "scores.reduced_sleep")


@pytest.mark.parametrize("field", ["scores", "nonsense", "scores.reduced_sleep", "key", "content_hash", "site"])
def test_a_field_that_the_record_does_not_have_cannot_be_asked_about(vitals: Vitals, monitor: User, field: str) -> None:
    with pytest.raises(RecordError, match="no field"):
        raise_query(monitor, subject=vitals, field=field, question="What is this?")


def test_a_query_never_changes_what_it_asks_about(asked: DataQuery, vitals: Vitals, coordinator: User) -> None:
    answer(coordinator, asked, version=1, words=WORDS)
    written = AuditEntry.objects.filter(table_name="infusion_vitals").count()
    vitals.refresh_from_db()
    assert (written, vitals.version) == (1, 1)


def test_a_question_without_words_is_refused(vitals: Vitals, monitor: User) -> None:
    with pytest.raises(RecordError, match="in question"):
        raise_query(monitor, subject=vitals, question="  ")
    assert not DataQuery.objects.exists()


@pytest.mark.parametrize("role", ["monitor", "data_manager", "pi"])
def test_monitor_data_manager_and_pi_raise_queries(vitals: Vitals, site: Site, role: str) -> None:
    assert raise_query(people.make_user("rosa", site, role), subject=vitals, question="Sure?").state == "open"


@pytest.mark.parametrize("role", ["coordinator", "nurse", "psychiatrist", "imaging_analyst", "administrator"])
def test_nobody_else_raises_queries(vitals: Vitals, site: Site, role: str) -> None:
    with pytest.raises(NotYours):
        raise_query(people.make_user("rosa", site, role), subject=vitals, question="Sure?")


@pytest.mark.parametrize(
    ("role", "may_do"),
    [
        ("coordinator", True),
        ("nurse", True),
        ("psychiatrist", True),
        ("pi", True),
        ("imaging_analyst", False),
        ("monitor", False),
        ("data_manager", False),
        ("administrator", False),
    ],
)
def test_who_may_record_such_data_answers(asked: DataQuery, site: Site, role: str, may_do: bool) -> None:
    person = people.make_user("rosa", site, role)
    assert queries.may_answer(person, asked) is may_do
    if may_do:
        assert answer(person, asked, version=1, words=WORDS).state == "answered"
    else:
        with pytest.raises(NotYours):
            answer(person, asked, version=1, words=WORDS)


def test_a_coordinator_of_another_site_answers_nothing_here(asked: DataQuery) -> None:
    with pytest.raises(NotYours):
        answer(people.make_user("olga", people.make_site("O"), "coordinator"), asked, version=1, words=WORDS)


def test_a_coordinator_cannot_close_a_monitors_query(asked: DataQuery, coordinator: User) -> None:
    for verb in (close, reopen, withdraw):
        with pytest.raises(NotYours):
            verb(coordinator, asked, version=1, reason="I say so.")
    asked.refresh_from_db()
    assert asked.state == "open"


def test_the_whole_thread_is_kept_with_who_said_what_and_where_it_led(
    asked: DataQuery, coordinator: User, monitor: User, manager: User
) -> None:
    asked = answer(coordinator, asked, version=1, words="As in the source.")
    asked = reopen(monitor, asked, version=2, reason="Which page?")
    asked = answer(coordinator, asked, version=3, words="Page 4 of the ward's sheet.")
    asked = close(manager, asked, version=4, reason="Seen on page 4.")
    said = [(one.entered_by, one.verb, one.words, one.state) for one in asked.thread.all()]
    assert said == [
        (monitor, "raised", "Is 126 as in the source?", "open"),
        (coordinator, "answered", "As in the source.", "answered"),
        (monitor, "reopened", "Which page?", "open"),
        (coordinator, "answered", "Page 4 of the ward's sheet.", "answered"),
        (manager, "closed", "Seen on page 4.", "closed"),
    ]
    assert (asked.state, asked.outcome, asked.closed_by) == ("closed", "accepted", manager)
    entry = AuditEntry.objects.filter(table_name="monitoring_dataquery").order_by("-id")[0]
    assert (entry.actor, entry.reason) == ("dora", "query closed: Seen on page 4.")


def test_a_closed_query_can_be_opened_again_and_forgets_how_it_was_closed(asked: DataQuery, monitor: User) -> None:
    asked = close(monitor, asked, version=1, reason="Answered by telephone.")
    asked = reopen(monitor, asked, version=2, reason="The call was about another visit.")
    assert (asked.state, asked.outcome, asked.closed_at, asked.closed_by) == ("open", "", None, None)


def test_whoever_answered_does_not_accept_the_answer(vitals: Vitals, site: Site, monitor: User) -> None:
    both = people.make_user("beth", site, "coordinator", "monitor")
    query = raise_query(monitor, subject=vitals, question="Sure?")
    query = answer(both, query, version=1, words=WORDS)
    with pytest.raises(NotYours, match="another monitor"):
        close(both, query, version=2, reason="Fine.")
    assert queries.to_close(both, DataQuery.objects.all()).count() == 0
    assert queries.to_close(monitor, DataQuery.objects.all()).count() == 1


def test_the_pi_withdraws_an_own_query_and_no_other(vitals: Vitals, investigator: User, asked: DataQuery) -> None:
    own = raise_query(investigator, subject=vitals, question="Is this mine?")
    assert withdraw(investigator, own, version=1, reason="Asked about the wrong record.").outcome == "withdrawn"
    with pytest.raises(NotYours):
        withdraw(investigator, asked, version=1, reason="Not needed.")


def test_a_step_from_a_version_that_is_gone_is_refused(asked: DataQuery, coordinator: User, monitor: User) -> None:
    answer(coordinator, asked, version=1, words=WORDS)
    with pytest.raises(StaleRecord):
        close(monitor, asked, version=1, reason="Fine.")
    asked.refresh_from_db()
    assert (asked.state, asked.thread.count()) == ("answered", 2)


def test_a_closed_query_takes_no_answer(asked: DataQuery, coordinator: User, monitor: User) -> None:
    close(monitor, asked, version=1, reason="Fine.")
    with pytest.raises(RecordError, match="Open it again"):
        answer(coordinator, asked, version=2, words=WORDS)


def test_the_same_form_sent_twice_is_one_query_and_one_answer(vitals: Vitals, monitor: User, coordinator: User) -> None:
    key, second = uuid4(), uuid4()
    first = raise_query(monitor, subject=vitals, question="Sure?", key=key)
    assert raise_query(monitor, subject=vitals, question="Sure?", key=key).pk == first.pk
    with pytest.raises(KeyReused):
        raise_query(monitor, subject=vitals, question="Really?", key=key)
    for _ in range(2):
        assert answer(coordinator, first, version=1, words=WORDS, key=second).state == "answered"
    with pytest.raises(KeyReused):
        answer(coordinator, first, version=1, words="Something else.", key=second)
    assert (DataQuery.objects.count(), QueryMessage.objects.count()) == (1, 2)


def test_an_answer_names_the_correction_and_only_one_made_since(
    asked: DataQuery, vitals: Vitals, coordinator: User, monitor: User
) -> None:
    entered = AuditEntry.objects.get(table_name="infusion_vitals").pk
    scenes.correct(coordinator, vitals, systolic=128)
    (line,) = queries.corrections_since(asked)
    with pytest.raises(RecordError, match="no correction"):
        answer(coordinator, asked, version=1, words="Misread.", correction=entered)
    saved = answer(coordinator, asked, version=1, words="Misread.", correction=line.entry_id)
    assert saved.correction == line.entry_id
    assert close(monitor, saved, version=2, reason="Seen.").outcome == "corrected"


def test_open_queries_are_counted_about_participant_visit_and_record(
    asked: DataQuery, vitals: Vitals, consented: Participant, coordinator: User, monitor: User
) -> None:
    rating = scenes.rate(coordinator, consented)
    raise_query(monitor, subject=rating, question="Sure?")
    counts = {row: len(open_about(row)) for row in (vitals, rating, rating.visit, consented)}
    assert counts == {vitals: 1, rating: 1, rating.visit: 1, consented: 2}
    close(monitor, asked, version=1, reason="Fine.")
    assert (open_about(vitals), open_about(consented)) == ((), ("Sure?",))


def test_open_queries_are_said_before_a_lock_and_stand_against_none(
    asked: DataQuery, consented: Participant, monitor: User
) -> None:
    about = preview_of(get_state("participant", consented.pk))
    assert any("Data queries still open: 1." in words for words in about.warnings)
    assert not any("queries" in words for words in about.hindrances)
    close(monitor, asked, version=1, reason="Fine.")
    assert not any("queries" in words for words in preview_of(get_state("participant", consented.pk)).warnings)


def open_about(row: Any) -> tuple[str, ...]:
    """What the other apps are told of the open queries about a row."""
    asked: tuple[str, ...] = ask("queries.open_about", table=row._meta.label_lower, row_id=str(row.pk))
    return asked


def in_parallel(times: int, work: Any) -> list[BaseException]:
    """Do a work in that many threads at once, each with a connection of its own; return what they raised."""
    start = threading.Barrier(times)
    raised: list[BaseException] = []

    def one() -> None:
        start.wait()
        try:
            work()
        except Exception as error:
            raised.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=one) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def test_of_many_answers_at_once_one_is_kept(cloned_orm: str) -> None:
    site = people.make_site("K")
    nora, mona = people.make_user("nora", site, "coordinator"), people.make_user("mona", site, "monitor")
    participant = people.consent(nora, people.enrol(nora, site))
    query = raise_query(mona, subject=participant, question="Sure?")
    keys: list[UUID] = [uuid4() for _ in range(5)]
    raised = in_parallel(5, lambda: answer(nora, query, version=1, words=WORDS, key=keys.pop()))
    assert len(raised) == 4
    assert {type(error) for error in raised} == {StaleRecord}
    assert query.thread.filter(verb="answered").count() == 1


def test_one_answer_sent_five_times_at_once_is_one_answer(cloned_orm: str) -> None:
    site = people.make_site("K")
    nora, mona = people.make_user("nora", site, "coordinator"), people.make_user("mona", site, "monitor")
    participant = people.consent(nora, people.enrol(nora, site))
    query = raise_query(mona, subject=participant, question="Sure?")
    key = uuid4()
    raised = in_parallel(5, lambda: answer(nora, query, version=1, words=WORDS, key=key))
    assert {type(error) for error in raised} <= {StaleRecord}
    assert query.thread.filter(verb="answered").count() == 1
