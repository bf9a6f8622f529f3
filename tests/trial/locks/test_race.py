"""A write that is open while its visit is being locked is through before the lock, or refused; never after it."""

from __future__ import annotations

import os
import random
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from django.db import connection, transaction

from tests.trial.locks import ward as wards
from tests.trial.locks.ward import Ward
from trial.audit.context import audited
from trial.audit.postgresql import create_function
from trial.locks import postgresql, services
from trial.locks.refusals import RecordLocked
from trial.participants.models import Consent, Visit
from trial.records.services import enter

SIGNED = datetime(2026, 3, 2, 15, 30, tzinfo=UTC)
SEED = int(os.environ.get("RACE_SEED", "0")) or random.randrange(1, 10**9)
MANY = [pytest.mark.slow, pytest.mark.endurance, pytest.mark.timeout(1200)]
ROUNDS = [20, pytest.param(300, marks=MANY)]


def _wait(event: threading.Event | None, delay: float) -> None:
    if event is not None:
        event.wait(20)
    time.sleep(delay)


class Race:
    """One writer and one locker of the same visit, each with a connection of its own."""

    def __init__(self, ward: Ward, visit: Visit) -> None:
        self.ward, self.visit = ward, visit
        self.wrote, self.locked = threading.Event(), threading.Event()
        self.problems: list[BaseException] = []
        self.at_lock = -1

    def count(self) -> int:
        """How many records of the visit are committed."""
        return Consent.objects.filter(visit=self.visit).count()

    def write(self, *, after: threading.Event | None = None, delay: float = 0.0, pause: float = 0.0) -> None:
        """Enter a record *after* an event or a *delay*, and keep its transaction open for *pause* seconds."""
        _wait(after, delay)
        with transaction.atomic():
            given: dict[str, Any] = {"participant": self.ward.participant, "visit": self.visit, "form_version": "1"}
            enter(Consent, self.ward.carla, occurred_at=SIGNED, **given)
            self.wrote.set()
            time.sleep(pause)

    def lock(self, *, after: threading.Event | None = None, delay: float = 0.0, pause: float = 0.0) -> None:
        """Lock the visit *after* an event or a *delay*, hold that for *pause* seconds, and count what is there then."""
        _wait(after, delay)
        with transaction.atomic():
            services.lock_visit(self.ward.dora, self.visit, reason="reviewed")
            self.locked.set()
            time.sleep(pause)
        self.at_lock = self.count()

    def run(self, *works: Callable[[], None]) -> None:
        """Do all at once, and wait for all."""
        threads = [threading.Thread(target=self._guarded, args=(work,)) for work in works]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as raised:
            self.problems.append(raised)
        finally:
            connection.close()


def further_visits(ward: Ward, many: int) -> list[Visit]:
    """Visits like the ward's, each to be locked once."""
    made = []
    for number in range(many):
        visit = Visit.objects.get(pk=ward.visit.pk)
        visit.pk, visit.key, visit.code = uuid.uuid4(), uuid.uuid4(), f"race_{number}"
        made.append(visit)
    with audited("system:test", "visits"):
        return Visit.objects.bulk_create(made)


def test_a_write_that_was_open_first_is_part_of_what_is_locked(cloned_orm: str) -> None:
    ward = wards.make_ward()
    race = Race(ward, ward.visit)
    race.run(partial(race.write, pause=0.5), partial(race.lock, after=race.wrote))
    assert race.problems == []
    assert (race.at_lock, race.count()) == (1, 1)


def test_a_write_that_comes_while_the_lock_is_taken_is_refused(cloned_orm: str) -> None:
    ward = wards.make_ward()
    race = Race(ward, ward.visit)
    race.run(partial(race.lock, pause=0.5), partial(race.write, after=race.locked))
    (refused,) = race.problems
    assert isinstance(refused, RecordLocked)
    assert (race.at_lock, race.count()) == (0, 0)


@pytest.mark.parametrize("rounds", ROUNDS)
def test_no_write_ever_lands_after_the_lock(cloned_orm: str, rounds: int) -> None:
    chance = random.Random(SEED)
    ward = wards.make_ward()
    through = refused = 0
    for visit in further_visits(ward, rounds):
        race = Race(ward, visit)
        ahead, pause = chance.uniform(-0.02, 0.02), chance.uniform(0, 0.02)
        race.run(partial(race.write, pause=pause, delay=max(0, ahead)), partial(race.lock, delay=max(0, -ahead)))
        assert all(isinstance(problem, RecordLocked) for problem in race.problems), (SEED, race.problems)
        assert race.at_lock == race.count() == 1 - len(race.problems), (SEED, visit.code)
        through, refused = through + race.count(), refused + len(race.problems)
    assert through + refused == rounds
    assert through, SEED
    assert refused, SEED


@contextmanager
def locks_read_without_being_held() -> Iterator[None]:
    """PostgreSQL's trigger without FOR SHARE: it reads the state and lets go of it."""
    name = "locks_refuse_locked"
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_schema()")
        schema = cursor.fetchone()[0]
        cursor.execute(create_function(name, postgresql.FUNCTIONS[name].replace(" FOR SHARE", ""), schema))
        yield
        cursor.execute(create_function(name, postgresql.FUNCTIONS[name], schema))


def test_without_holding_the_state_a_write_does_land_after_the_lock(cloned_orm: str) -> None:
    """The control. SQLite has one writer at a time, so there the order of the two is all there is."""
    ward = wards.make_ward()
    race = Race(ward, ward.visit)
    works = (partial(race.write, pause=1.0), partial(race.lock, after=race.wrote))
    if connection.vendor == "sqlite":
        race.run(*works)
        assert (race.at_lock, race.count()) == (1, 1)
        return
    with locks_read_without_being_held():
        race.run(*works)
    assert race.problems == []
    assert (race.at_lock, race.count()) == (0, 1)
