"""The site does not start while a write could go unaudited, under any server."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from tests.engines.clones import ROOT


def start(database_url: str, var_dir: Path, module: str) -> subprocess.CompletedProcess[str]:
    """Import the application as a server does."""
    return subprocess.run(
        [sys.executable, "-c", f"import {module}"],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": database_url, "VAR_DIR": str(var_dir)},
        capture_output=True,
        text=True,
        check=False,
    )


def drop_a_trigger(database_url: str) -> None:
    """What somebody with the database's password can do, past the application."""
    if database_url.startswith("sqlite"):
        with sqlite3.connect(database_url.removeprefix("sqlite:///")) as connection:
            (name,) = connection.execute(
                "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'infusion_ratechange' LIMIT 1"
            ).fetchone()
            connection.execute(f'DROP TRIGGER "{name}"')
        return
    with psycopg.connect(database_url) as server:
        server.execute("ALTER TABLE infusion_ratechange DISABLE TRIGGER USER")


@pytest.mark.parametrize("module", ["trial.wsgi", "trial.asgi"])
def test_the_application_starts_on_a_sound_database(cloned_database: str, tmp_path: Path, module: str) -> None:
    done = start(cloned_database, tmp_path, module)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("module", ["trial.wsgi", "trial.asgi"])
def test_the_application_refuses_to_start_and_names_the_trigger(
    cloned_database: str, tmp_path: Path, module: str
) -> None:
    drop_a_trigger(cloned_database)
    done = start(cloned_database, tmp_path, module)
    assert done.returncode != 0
    assert "TriggersMissing" in done.stderr
    assert "infusion_ratechange" in done.stderr
