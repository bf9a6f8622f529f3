"""T6, G4: PostgreSQL killed under load loses no acknowledged write, and the site goes on by itself."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engines.postgres import Server, killable
from tests.kill.test_writes import WITHIN, wait_for
from tests.kill.writers import COMMENT, Parent, Writers, nest

# reliability.md of the plan, G4.
KILLS = 30
DURABLE = {"fsync": "on", "synchronous_commit": "on"}

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


@pytest.fixture
def server() -> Iterator[Server]:
    """A PostgreSQL of this test alone, with every guarantee on."""
    with killable() as started:
        yield started


@pytest.fixture
def parent(server: Server, tmp_path: Path) -> Iterator[Parent]:
    """The site, loaded, on that server."""
    with nest(server.url, tmp_path / "var") as started:
        yield started


def kill_under_load(
    server: Server, parent: Parent, chance: random.Random, kills: int, *, is_careless: bool = False
) -> Writers:
    """Let nurses save through one server process, kill PostgreSQL again and again, judge after each recovery."""
    assert parent.said["durable"] == DURABLE
    writers = Writers(parent.said)
    parent.order("serve", is_careless=is_careless)
    with writers.writing():
        for _ in range(kills):
            wait_for(writers, len(writers.acknowledged) + 1 + chance.randrange(20))
            time.sleep(chance.uniform(0, 0.05))
            server.kill()
            if not is_careless:  # who answers before the save never says so
                wait_for_refusal(writers)
            server.start()
            found = parent.order("judge", acknowledged=list(writers.acknowledged))
            if is_careless and found["lost"]:
                break
            wrong = {name: found[name] for name in ("lost", "unaudited", "ghosts", "findings") if found[name]}
            assert is_careless or wrong == {}
        if not is_careless:
            wait_for(writers, len(writers.acknowledged) + 10)
    return writers


def wait_for_refusal(writers: Writers) -> None:
    """Wait until somebody was told that the database does not answer."""
    before, deadline = writers.answers[503], time.monotonic() + WITHIN
    while writers.answers[503] == before:
        assert time.monotonic() < deadline, writers.answers
        time.sleep(0.01)


def test_thirty_kills_lose_nothing_and_the_site_recovers(server: Server, parent: Parent, chance: random.Random) -> None:
    writers = kill_under_load(server, parent, chance, KILLS)
    assert len(writers.acknowledged) > KILLS
    assert writers.answers[503] >= KILLS
    assert set(writers.answers) <= {302, 503}, (writers.answers, writers.pages.keys())
    assert COMMENT in writers.pages[503]
    assert "cannot reach its database" in writers.pages[503]


def test_a_site_that_answers_before_it_saves_is_caught(server: Server, parent: Parent, chance: random.Random) -> None:
    writers = kill_under_load(server, parent, chance, 5, is_careless=True)
    assert parent.order("judge", acknowledged=writers.acknowledged)["lost"]
