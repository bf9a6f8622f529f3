"""The settings hold in the database and on the disk, not only in a dictionary."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import Error, connection, connections, transaction

from tests.source_tree import ROOT
from tests.trial.records import clinic
from trial.settings import ENVIRONMENT
from trial.users.models import Site

ALIASES = ("default", "reporting")
KEYS = ("secret.key", "audit_seal.key", "contact.key", "backup.key")


def shown(alias: str, names: tuple[str, ...]) -> dict[str, Any]:
    """What the engine itself says of its settings."""
    ask = "PRAGMA {}" if connections[alias].vendor == "sqlite" else "SHOW {}"
    found = {}
    with connections[alias].cursor() as cursor:
        for name in names:
            cursor.execute(ask.format(name))
            found[name] = cursor.fetchone()[0]
    return found


# SQLite: synchronous 2 is FULL (sqlite.org/pragma.html#pragma_synchronous).
EXPECTED: dict[str, dict[str, dict[str, Any]]] = {
    "sqlite": {
        "default": {
            "journal_mode": "wal",
            "synchronous": 2,
            "foreign_keys": 1,
            "recursive_triggers": 1,
            "busy_timeout": 20_000,
            "query_only": 0,
        },
        "reporting": {
            "journal_mode": "wal",
            "synchronous": 2,
            "foreign_keys": 1,
            "recursive_triggers": 1,
            "busy_timeout": 20_000,
            "query_only": 1,
        },
    },
    "postgresql": {
        "default": {"default_transaction_read_only": "off", "default_transaction_isolation": "read committed"},
        "reporting": {"default_transaction_read_only": "on", "default_transaction_isolation": "repeatable read"},
    },
}


@pytest.mark.usefixtures("cloned_orm")
@pytest.mark.parametrize("alias", ALIASES)
def test_each_connection_is_set_as_meant(alias: str) -> None:
    expected = EXPECTED[connection.vendor][alias]
    assert shown(alias, tuple(expected)) == expected


WRITES = [
    "UPDATE jobs_lease SET holder = holder",
    "INSERT INTO records_protocolversion (version, sha256, first_used_at) VALUES ('x', 'x', '2026-01-01 00:00:00')",
    "DELETE FROM jobs_job",
    "CREATE TABLE written (id integer)",
    "DROP TABLE jobs_lease",
]


@pytest.mark.usefixtures("cloned_orm")
@pytest.mark.parametrize("statement", WRITES)
def test_the_door_of_the_reports_refuses_writes(statement: str) -> None:
    with pytest.raises(Error, match=r"readonly|read-only"), connections["reporting"].cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.usefixtures("cloned_orm")
def test_the_door_of_the_reports_sees_one_state_however_long_it_reads() -> None:
    clinic.make_site("A")
    with transaction.atomic(using="reporting"):
        assert Site.objects.using("reporting").count() == 1
        clinic.make_site("B")
        assert Site.objects.count() == 2
        assert Site.objects.using("reporting").count() == 1
    assert Site.objects.using("reporting").count() == 2


def run(program: str, var_dir: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a Python program with a folder of its own and no keys given."""
    # A browser that an earlier test of this process started may have set a variable of Django's.
    own = {name: value for name, value in os.environ.items() if not name.startswith("DJANGO_ALLOW_")}
    inherited = {name: value for name, value in own.items() if name not in ENVIRONMENT}
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**inherited, "VAR_DIR": str(var_dir), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


SAY_KEYS = "from trial import settings as s; print(s.SECRET_KEY, s.AUDIT_SEAL_KEY.hex())"


def test_keys_are_made_once_and_only_their_owner_reads_them(tmp_path: Path) -> None:
    var_dir = tmp_path / "new" / "var"
    with ThreadPoolExecutor(4) as together:
        said = list(together.map(lambda _: run(SAY_KEYS, var_dir), range(4)))
    assert {done.returncode for done in said} == {0}, said[0].stderr
    assert len({done.stdout for done in said}) == 1
    secret, seal = said[0].stdout.split()
    assert len(bytes.fromhex(secret)) == len(bytes.fromhex(seal)) == 32
    assert secret != seal
    assert sorted(path.name for path in (var_dir / "keys").iterdir()) == sorted(KEYS)
    for name in KEYS:
        assert stat.S_IMODE((var_dir / "keys" / name).stat().st_mode) == 0o600


def test_the_folder_of_the_site_is_closed_to_others(tmp_path: Path) -> None:
    var_dir = tmp_path / "var"
    assert run(SAY_KEYS, var_dir).returncode == 0
    for folder in (var_dir, *(path for path in var_dir.iterdir() if path.is_dir())):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700, folder


def test_keys_given_by_the_environment_are_taken_and_not_written(tmp_path: Path) -> None:
    others = {"CONTACT_KEYS": "cd" * 32, "BACKUP_KEY": "ef" * 32}
    done = run(SAY_KEYS, tmp_path, SECRET_KEY="given", AUDIT_SEAL_KEY="ab" * 32, **others)
    assert done.stdout.split() == ["given", "ab" * 32]
    assert list((tmp_path / "keys").iterdir()) == []


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"SITE_MODE": "prod"}, "SITE_MODE is 'prod'; write one of demo, practice, production."),
        ({"SITE_MODE": "production", "DEBUG": "true"}, "switch it off in production"),
        ({"SITE_MODE": "production", "BEHIND_TLS": "true"}, "Set TRUSTED_PROXIES to the number of proxies in front."),
    ],
)
def test_a_mode_that_is_unknown_or_unsafe_is_refused(tmp_path: Path, environment: dict[str, str], words: str) -> None:
    done = run(SAY_KEYS, tmp_path, **environment)
    assert done.returncode != 0
    assert words in done.stderr


MAKE_DATABASE = "from django.core.management import execute_from_command_line as run; run(['manage.py', 'bootstrap'])"


def test_the_database_is_closed_to_others_in_a_folder_that_was_open(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    done = run(MAKE_DATABASE, tmp_path, DJANGO_SETTINGS_MODULE="trial.settings")
    assert done.returncode == 0, done.stderr
    for path in tmp_path.glob("trial.sqlite3*"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path


SAY_DATABASES = (
    "import json; from trial.settings import DATABASES as d; "
    "print(json.dumps({a: [d[a]['ENGINE'], d[a].get('CONN_HEALTH_CHECKS'), d[a].get('OPTIONS')] for a in d}))"
)


def test_postgresql_is_chosen_by_its_address_alone(tmp_path: Path) -> None:
    done = run(SAY_DATABASES, tmp_path, DATABASE_URL="postgres://u:p@db.example.org/trial")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["default"] == ["django.db.backends.postgresql", True, None]
    assert said["reporting"][2]["options"].endswith("-c default_transaction_read_only=on")


def test_a_production_site_behind_tls_passes_djangos_check_for_deployment(tmp_path: Path) -> None:
    check = (
        "import sys; from django.core.management import execute_from_command_line as run; "
        "run(['manage.py', 'check', '--deploy', '--fail-level', 'WARNING'])"
    )
    production = {"DJANGO_SETTINGS_MODULE": "trial.settings", "SITE_MODE": "production", "BEHIND_TLS": "true"}
    production["TRUSTED_PROXIES"] = "1"
    done = run(check, tmp_path, **production)
    assert done.returncode == 0, done.stderr
    control = run(check, tmp_path, **{**production, "BEHIND_TLS": "false"})
    assert control.returncode != 0
    assert "security.W012" in control.stderr


def test_jobs_survive_a_worker_that_dies_with_them() -> None:
    assert settings.CELERY_TASK_ACKS_LATE
    assert settings.CELERY_TASK_REJECT_ON_WORKER_LOST
    assert settings.CELERY_WORKER_PREFETCH_MULTIPLIER == 1
    assert {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()} >= {"jobs.sweep", "audit.seal"}
