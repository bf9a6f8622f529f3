"""T6, G3: a writing server killed again and again loses no acknowledged write."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection

from tests.kill.writers import Parent, Writers, nest

# reliability.md of the plan, G3. A process killed beside PostgreSQL takes no page of the database along, so that
# fewer kills say as much there; the kills of its postmaster are those of test_postmaster.py.
KILLS = {"sqlite": 200, "postgresql": 30}
# A server lives for so many saves, and a moment more that ends in the middle of another.
MOST_SAVES, LONGEST_MOMENT = 8, 0.03
WITHIN = 60.0
WAITS_FOR_THE_DISK = {"synchronous": "2", "journal_mode": "wal"}


@pytest.fixture
def parent(cloned_database: str, tmp_path: Path) -> Iterator[Parent]:
    """The site, loaded, on a database of its own."""
    with nest(cloned_database, tmp_path / "var") as started:
        yield started


def wait_for(writers: Writers, count: int) -> None:
    """Wait until so many saves were acknowledged."""
    deadline = time.monotonic() + WITHIN
    while len(writers.acknowledged) < count:
        assert time.monotonic() < deadline, (writers.answers, writers.pages)
        time.sleep(0.001)


def kill_while_writing(parent: Parent, chance: random.Random, kills: int, *, is_careless: bool = False) -> Writers:
    """Let nurses save, kill the server at random moments, judge after each; stops at the first loss."""
    writers = Writers(parent.said)
    with writers.writing():
        for _ in range(kills):
            pid = parent.order("serve", is_careless=is_careless)
            wait_for(writers, len(writers.acknowledged) + chance.randrange(MOST_SAVES))
            time.sleep(chance.uniform(0, LONGEST_MOMENT))
            os.kill(pid, signal.SIGKILL)
            ended = parent.order("reap", pid=pid)
            assert os.WTERMSIG(ended) == signal.SIGKILL
            found = parent.order("judge", acknowledged=list(writers.acknowledged))
            if is_careless and found["lost"]:
                break
            wrong = {name: found[name] for name in ("lost", "unaudited", "ghosts", "findings") if found[name]}
            assert is_careless or wrong == {}
    return writers


def assert_it_wrote(writers: Writers, kills: int) -> None:
    """The harness did what it says: saves were acknowledged and connections broke."""
    assert len(writers.acknowledged) > kills
    assert writers.answers[0] > 0
    assert set(writers.answers) <= {0, 302}, (writers.answers, writers.pages)


def test_a_few_kills_lose_nothing(parent: Parent, chance: random.Random) -> None:
    if "journal_mode" in parent.said["durable"]:  # PostgreSQL's own settings are held by test_postmaster.py
        assert parent.said["durable"] == WAITS_FOR_THE_DISK
    assert_it_wrote(kill_while_writing(parent, chance, 5), 5)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_hundreds_of_kills_lose_nothing(parent: Parent, chance: random.Random) -> None:
    kills = KILLS[connection.vendor]
    assert_it_wrote(kill_while_writing(parent, chance, kills), kills)


def test_a_server_that_answers_before_it_saves_is_caught(parent: Parent, chance: random.Random) -> None:
    writers = kill_while_writing(parent, chance, 40, is_careless=True)
    found = parent.order("judge", acknowledged=writers.acknowledged)
    assert found["lost"]
