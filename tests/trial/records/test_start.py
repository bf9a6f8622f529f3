"""The site does not start while a write could go unaudited, or an alert reach nobody, under any server."""

from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from django.utils import timezone

from tests.engines.clones import ROOT
from tests.trial.records import clinic
from trial.permissions import Role
from trial.safety.services.roster import plan_shift


def start(database_url: str, var_dir: Path, module: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Import the application as a server does."""
    return subprocess.run(
        [sys.executable, "-c", f"import {module}"],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": database_url, "VAR_DIR": str(var_dir), **settings},
        capture_output=True,
        text=True,
        check=False,
    )


OLDER = "DELETE FROM django_migrations WHERE app = 'users' AND name = '0005_carry_delegations_over'"
NEWER = "INSERT INTO django_migrations (app, name, applied) VALUES ('users', '9999_later', '2099-01-01 00:00:00')"


def pretend(database_url: str, statement: str) -> None:
    """Make the database look as if a program of another version had made it."""
    if database_url.startswith("sqlite"):
        with sqlite3.connect(database_url.removeprefix("sqlite:///")) as connection:
            connection.execute(statement)
        return
    with psycopg.connect(database_url) as server:
        server.execute(statement.encode())


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


@pytest.mark.parametrize("module", ["trial.wsgi", "trial.asgi"])
def test_the_application_refuses_to_start_on_an_older_database(
    cloned_database: str, tmp_path: Path, module: str
) -> None:
    pretend(cloned_database, OLDER)
    done = start(cloned_database, tmp_path, module)
    assert done.returncode != 0
    assert "DatabaseOutdated" in done.stderr
    assert "users.0005_carry_delegations_over" in done.stderr
    assert "manage.py bootstrap" in done.stderr


def test_the_application_refuses_to_start_on_a_newer_database(cloned_database: str, tmp_path: Path) -> None:
    pretend(cloned_database, NEWER)
    done = start(cloned_database, tmp_path, "trial.wsgi")
    assert done.returncode != 0
    assert "ProgramOutdated" in done.stderr
    assert "users.9999_later" in done.stderr


PRODUCTION = {
    "SITE_MODE": "production",
    "EMAIL_URL": "smtp+tls://trial:secret@mail.example.org:587",
    "EMAIL_FROM": "trial@example.org",
    "SITE_URL": "https://trial.example.org",
}


def fill_a_roster() -> None:
    """A site of the hospital with somebody on call, as the guide's commands make it."""
    site = clinic.make_site("K")
    pi, now = clinic.make_person(site, Role.PI), timezone.now()
    plan_shift(pi, site=site, starts_at=now, ends_at=now + timedelta(days=7), person=pi, phone="314 555 0101")


def test_a_production_site_starts_when_an_alert_can_reach_somebody(cloned_orm: str, tmp_path: Path) -> None:
    fill_a_roster()
    done = start(cloned_orm, tmp_path, "trial.wsgi", **PRODUCTION)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("module", "setting", "value"),
    [
        ("trial.wsgi", "EMAIL_URL", "consolemail://"),
        ("trial.wsgi", "SITE_URL", "http://127.0.0.1:8000"),
        ("trial.asgi", "EMAIL_FROM", "trial@localhost"),
    ],
)
def test_a_production_site_refuses_to_start_when_an_alert_would_reach_nobody(
    cloned_orm: str, tmp_path: Path, module: str, setting: str, value: str
) -> None:
    fill_a_roster()
    done = start(cloned_orm, tmp_path, module, **{**PRODUCTION, setting: value})
    assert done.returncode != 0
    assert "NobodyReachable" in done.stderr
    assert f"Set {setting}" in done.stderr


def test_a_production_site_refuses_to_start_with_an_empty_roster(cloned_orm: str, tmp_path: Path) -> None:
    clinic.make_site("K")
    done = start(cloned_orm, tmp_path, "trial.wsgi", **PRODUCTION)
    assert done.returncode != 0
    assert "NobodyReachable" in done.stderr
    assert "Nobody was ever on call at K" in done.stderr
    assert "manage.py add_on_call" in done.stderr


def test_a_taken_port_is_named_with_another_to_try(cloned_database: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "manage.py", "up", "--host", "127.0.0.1", "--port", str(port)],
            cwd=ROOT,
            env={**os.environ, "DATABASE_URL": cloned_database, "VAR_DIR": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert f"Port {port} of 127.0.0.1 is taken" in done.stderr
    assert f"make demo PORT={port + 1}" in done.stderr
    assert "Traceback" not in done.stderr
