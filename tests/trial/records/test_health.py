"""The site's health: 200 while every part is well, else 503 with the name of the part."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection, connections
from django.test import Client
from django.utils import timezone
from pytest_django.plugin import DjangoDbBlocker

from tests.trial.audit.settling import settle
from tests.trial.records import clinic
from trial.audit.connections import installing
from trial.audit.services import seal
from trial.jobs.models import Lease
from trial.records import health

rolled_back = pytest.mark.django_db


def answer() -> tuple[int, dict[str, str]]:
    """Status and parts as anybody gets them, without an account."""
    response = Client().get("/healthz")
    return response.status_code, {name: said for name, said in response.json().items() if name in health.PARTS}


@rolled_back
def test_a_site_just_made_is_well() -> None:
    assert answer() == (200, dict.fromkeys(health.PARTS, "ok"))


@rolled_back
def test_a_missing_trigger_is_named() -> None:
    drop = {
        "sqlite": "DROP TRIGGER {}",
        "postgresql": "DROP TRIGGER audit_row ON users_site",
    }[connection.vendor]
    with installing(), connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'users_site'")
            drop = drop.format(cursor.fetchone()[0])
        cursor.execute(drop)
    status, parts = answer()
    assert status == 503
    assert parts["triggers"].startswith("missing: ")
    assert "users_site" in parts["triggers"]
    assert {name for name, said in parts.items() if said != "ok"} == {"triggers"}


@rolled_back
def test_a_sweep_that_stopped_is_told_with_its_time() -> None:
    long_ago = timezone.now() - timedelta(minutes=6)
    Lease.objects.create(name="jobs.sweep", holder=uuid4(), until=long_ago, done_at=long_ago)
    status, parts = answer()
    assert status == 503
    assert parts["worker"] == f"silent since {long_ago:%Y-%m-%d %H:%M} UTC"


@rolled_back
def test_a_sweep_done_lately_is_well() -> None:
    now = timezone.now()
    Lease.objects.create(name="jobs.sweep", holder=uuid4(), until=now, done_at=now - timedelta(minutes=4))
    assert answer()[1]["worker"] == "ok"


@rolled_back
def test_a_chain_that_lags_behind_the_trail_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    clinic.make_site()
    assert answer()[1]["sealer"] == "ok"
    monkeypatch.setattr(health, "SEALER_BEHIND", timedelta(seconds=-5))
    assert answer()[1]["sealer"].startswith("behind since ")


@pytest.mark.usefixtures("cloned_orm")
def test_a_sealed_trail_is_well_however_old(monkeypatch: pytest.MonkeyPatch) -> None:
    clinic.make_site()
    settle()
    seal()
    monkeypatch.setattr(health, "SEALER_BEHIND", timedelta(seconds=-5))
    assert answer()[1]["sealer"] == "ok"


@rolled_back
def test_a_full_disk_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "FREE_BYTES", 1 << 62)
    status, parts = answer()
    assert status == 503
    assert parts["disk"].endswith(" MiB free")


@pytest.fixture
def unreachable_database(django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """A default connection that leads nowhere: no such folder, no server at the port."""
    kept = connections["default"]
    nowhere = connections.create_connection("default")
    nowhere.settings_dict = {**nowhere.settings_dict, "NAME": "/nowhere/trial", "HOST": "127.0.0.1", "PORT": "1"}
    connections["default"] = nowhere
    with django_db_blocker.unblock():
        yield
    connections["default"] = kept


@pytest.mark.usefixtures("unreachable_database")
def test_a_database_that_does_not_answer_is_told_and_nothing_of_it() -> None:
    status, parts = answer()
    assert status == 503
    assert parts["database"] == "no answer (OperationalError)"
    assert parts["disk"] == "ok"
