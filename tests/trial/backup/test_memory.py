"""The age of the last back-up and of the last rehearsed restore, in the site's health."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from trial.backup import memory

pytestmark = pytest.mark.django_db
NOW = datetime.now(UTC)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, settings: Any) -> None:
    """A site that has made no back-up."""
    settings.VAR_DIR = tmp_path


def health() -> tuple[int, dict[str, str]]:
    """What anybody is told."""
    answer = Client().get("/healthz")
    return answer.status_code, answer.json()


def test_never_is_told_and_is_no_fault_of_a_demo_site() -> None:
    status, said = health()
    assert (status, said["backups"]) == (200, "ok")
    assert (said["last back-up"], said["last rehearsed restore"]) == ("never", "never")


@pytest.mark.parametrize(
    ("ago", "words"),
    [(timedelta(hours=3), "3 h ago"), (timedelta(hours=47), "47 h ago"), (timedelta(days=12, hours=1), "12 days ago")],
)
def test_the_age_is_told_in_words(ago: timedelta, words: str) -> None:
    memory.remember("backup", NOW - ago, "/copies/one.backup")
    assert health()[1]["last back-up"] == words


def test_a_production_site_without_a_young_back_up_is_not_well(settings: Any) -> None:
    settings.SITE_MODE = "production"
    assert health()[0] == 503
    assert health()[1]["backups"] == "last backup: never; last rehearsal: never"
    memory.remember("backup", NOW - timedelta(hours=25), "/copies/one.backup")
    memory.remember("rehearsal", NOW - timedelta(days=34), "/copies/one.backup")
    assert health()[1]["backups"] == "ok"
    memory.remember("backup", NOW - timedelta(hours=27), "/copies/one.backup")
    assert health()[1]["backups"] == "last backup: 27 h ago"
    memory.remember("backup", NOW, "/copies/two.backup")
    memory.remember("rehearsal", NOW - timedelta(days=36), "/copies/one.backup")
    assert health()[1]["backups"] == "last rehearsal: 36 days ago"


def test_a_damaged_note_counts_as_never() -> None:
    memory.remember("backup", NOW, "/copies/one.backup")
    memory._path().write_text("{half")
    assert memory.age("backup") == "never"
