"""The database of every release is carried on by the program of today, and nothing of it is lost."""

from __future__ import annotations

import gzip
import os
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from tests.engines import site as sites
from tests.engines.clones import manage
from tests.kill.person import Person
from tests.releases.make import LARGEST, SEAL_KEY

FOLDER = Path(__file__).parent
RELEASES = sorted(FOLDER.glob("*.sqlite3.gz"))
STORY = "SELECT id, table_name, row_id, op, at, actor, reason, old, new, hash FROM audit_entry ORDER BY id"


@pytest.fixture(params=RELEASES, ids=lambda path: path.name.removesuffix(".sqlite3.gz"))
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The database of a release, as it was."""
    path = tmp_path / "trial.sqlite3"
    path.write_bytes(gzip.decompress(request.param.read_bytes()))
    return path


def rows(path: Path) -> Counter[str]:
    """How many rows each table has."""
    with closing(sqlite3.connect(path)) as found:
        names = [name for (name,) in found.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return Counter({name: found.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in names})


def story(path: Path) -> list[tuple[object, ...]]:
    """Every entry of the audit trail."""
    with closing(sqlite3.connect(path)) as found:
        return found.execute(STORY).fetchall()


def test_there_is_a_release_and_each_is_small() -> None:
    assert RELEASES
    assert [path.name for path in RELEASES if path.stat().st_size > LARGEST] == []


def test_a_release_is_migrated_verified_and_served(database: Path, tmp_path: Path) -> None:
    before, told = rows(database), story(database)
    assert os.environ["AUDIT_SEAL_KEY"] == SEAL_KEY
    url = f"sqlite:///{database}"
    manage(["bootstrap"], database_url=url, var_dir=tmp_path / "var")
    assert "The audit trail is whole." in manage(["verify_audit"], database_url=url, var_dir=tmp_path / "var")
    after = rows(database)
    assert {name: (before[name], after[name]) for name in before if after[name] < before[name]} == {}
    assert story(database)[: len(told)] == told
    with sites.running(url, tmp_path / "var") as site:
        assert b"STL-" in Person(site.url, "pi").get("/participants/")
