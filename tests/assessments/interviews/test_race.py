"""Saves and submissions of one interview in the same moment, committed from threads on a database of their own."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any, NamedTuple

import pytest
from django.db import connection

from assessments.interviews.services import Page, save_answers, submit
from assessments.models import Assessment, Interview
from assessments.queries import in_progress
from assessments.services import AssessmentThere
from tests.assessments.ratings import RATED, scores_of
from tests.trial.participants import people
from trial.participants.models import Participant
from trial.participants.queries import get_visit
from trial.records.services import AlreadyRecorded, StaleRecord
from trial.safety.models import Alert
from trial.users.models import User

pytestmark = [pytest.mark.db_engine, pytest.mark.usefixtures("cloned_orm")]

ROUNDS = 8


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
