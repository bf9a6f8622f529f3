"""Saves and submissions of one interview in the same moment, committed from threads on a database of their own."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any, NamedTuple

import pytest
from django.db import connection, transaction

from assessments.interviews.services import Page, save_answers, set_aside, submit
from assessments.models import Assessment, Interview
from assessments.queries import in_progress
from assessments.services import AssessmentThere, record_assessment
from tests.assessments.ratings import RATED, scores_of
from tests.trial.participants import people
from trial.audit.context import audited
from trial.participants.models import Participant, Visit
from trial.participants.queries import get_visit
from trial.participants.services import miss_visit, refresh_windows
from trial.records.services import AlreadyRecorded, StaleRecord
from trial.safety.models import Alert
from trial.users.models import User

pytestmark = [pytest.mark.db_engine, pytest.mark.usefixtures("cloned_orm")]

ROUNDS, TURNS = 8, 40


class Room(NamedTuple):
    """Two psychiatrists and somebody in screening."""

    paul: User
    petra: User
    participant: Participant

    def given(self, rater: User) -> dict[str, Any]:
        """What every save and submission names."""
        visit = get_visit(self.participant, "screening")
        frame = {"mode": "in_person", "rater": rater, "occurred_at": RATED}
        return {"participant": self.participant, "visit": visit, "instrument": "madrs", **frame}


@pytest.fixture
def room(cloned_orm: str) -> Room:
    site = people.make_site("K")
    paul, petra = (people.make_user(name, site, "psychiatrist") for name in ("paul", "petra"))
    coordinator = people.make_user("carla", site, "coordinator")
    return Room(paul, petra, people.consent(coordinator, people.enrol(coordinator, site)))


def newcomer(room: Room, number: int) -> Room:
    """The same room with somebody new."""
    coordinator = people.make_user(f"carla{number}", room.participant.site, "coordinator")
    return room._replace(participant=people.consent(coordinator, people.enrol(coordinator, room.participant.site)))


def at_once(*steps: Callable[[], object]) -> list[object]:
    """What each step returned or raised, in their order."""
    barrier = Barrier(len(steps))

    def take(step: Callable[[], object]) -> object:
        barrier.wait()
        try:
            return step()
        except Exception as refused:
            return refused
        finally:
            connection.close()

    with ThreadPoolExecutor(len(steps)) as pool:
        return list(pool.map(take, steps))


def test_of_two_pages_that_save_at_once_one_is_kept_and_one_is_told(room: Room) -> None:
    version = 0
    for number in range(ROUNDS):
        answers = [{"lassitude": number % 7, "inner_tension": side} for side in (0, 1)]

        def save(side: int, version: int = version, answers: list[dict[str, int]] = answers) -> Interview | None:
            who, page = (room.paul, room.petra)[side], Page(uuid.uuid4(), version, 1)
            return save_answers(who, page=page, scores=answers[side], **room.given(who))

        outcomes = at_once(lambda: save(0), lambda: save(1))
        kept = [one for one in outcomes if isinstance(one, Interview)]
        told = [one for one in outcomes if isinstance(one, StaleRecord | AlreadyRecorded)]
        assert (len(kept), len(told)) == (1, 1), outcomes
        row = Interview.objects.get()
        assert row.scores == kept[0].scores
        version = row.version


def test_a_save_beside_the_submission_of_its_page_calls_once_and_leaves_nothing_in_progress(room: Room) -> None:
    for number in range(ROUNDS):
        here, page = newcomer(room, number), uuid.uuid4()
        answers = scores_of("madrs", 1, suicidal_thoughts=6)

        def save(here: Room = here, page: uuid.UUID = page, answers: dict[str, int] = answers) -> Interview | None:
            return save_answers(here.paul, page=Page(page, 0, 1), scores=answers, **here.given(here.paul))

        def hand_in(here: Room = here, page: uuid.UUID = page, answers: dict[str, int] = answers) -> Assessment:
            return submit(here.paul, page=Page(page, 0, 1), scores=answers, **here.given(here.paul))

        saved, submitted = at_once(save, hand_in)
        assert isinstance(saved, Interview | AssessmentThere), saved
        assert isinstance(submitted, Assessment), submitted
        assert Alert.objects.filter(participant=here.participant).count() == 1
        assert not in_progress().exists()


def test_who_takes_participant_and_visits_for_the_infusion_and_who_saves_never_wait_for_each_other(room: Room) -> None:
    page, scores = uuid.uuid4(), (4, 0, 6)

    def infuse() -> str:
        for _ in range(TURNS):
            with transaction.atomic(), audited(room.paul, "as at the start of an infusion"):
                Participant.objects.select_for_update().get(pk=room.participant.pk)
                refresh_windows(room.paul, room.participant)
        return "through"

    def interview() -> str:
        for turn in range(TURNS):
            answers = {"suicidal_thoughts": scores[turn % 3], "lassitude": turn % 5}
            save_answers(room.petra, page=Page(page, 0, turn), scores=answers, **room.given(room.petra))
        return "through"

    assert at_once(infuse, interview) == ["through", "through"]


def test_answers_set_aside_while_a_programme_records_the_rating_end_one_way(room: Room) -> None:
    for number in range(ROUNDS):
        here = newcomer(room, number)
        given = here.given(here.paul)
        row = save_answers(here.paul, page=Page(uuid.uuid4(), 0, 1), scores={"lassitude": 1}, **given)
        assert row is not None

        def aside(row: Interview = row) -> Interview:
            return set_aside(room.petra, row, version=1, reason="wrong visit")

        def record(given: dict[str, Any] = given) -> Assessment:
            return record_assessment(room.paul, scores=scores_of("madrs", 1), **given)

        emptied, recorded = at_once(aside, record)
        assert isinstance(recorded, Assessment), recorded
        assert isinstance(emptied, Interview | StaleRecord), emptied


def test_a_visit_missed_for_a_hospital_stay_and_a_rating_there_never_wait_for_each_other(room: Room) -> None:
    for number in range(ROUNDS):
        here = newcomer(room, number)
        given = here.given(here.paul)

        def miss(given: dict[str, Any] = given) -> Visit:
            return miss_visit(room.petra, given["visit"], cause=Visit.MissedFor.HOSPITALISATION)

        def rate(given: dict[str, Any] = given) -> Assessment:
            return record_assessment(room.paul, scores=scores_of("madrs", 1), **given)

        missed, rated = at_once(miss, rate)
        assert isinstance(missed, Visit), missed
        assert isinstance(rated, Assessment), rated
