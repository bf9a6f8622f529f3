"""T18: the site does not serve a database that would let a write pass; the routes stand in tests/audit/routes.py."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.backends.dummy.base import DatabaseWrapper

from tests.trial.audit import rows
from tests.trial.audit.outsiders import defenceless, outsider
from tests.trial.audit.settling import settle
from trial.audit.checks import TriggersMissing, assert_triggers, check_triggers
from trial.audit.context import audited
from trial.audit.services import seal
from trial.audit.triggers import UnsupportedEngine, missing


@pytest.fixture
def filled(cloned_orm: str) -> str:
    """A database with sealed entries of two sites; its DATABASE_URL."""
    with audited("system:test", "two sites"):
        for _ in range(2):
            rows.make_site().save()
    settle()
    seal()
    return cloned_orm


def test_the_site_refuses_to_serve_while_a_trigger_is_absent_and_names_it(filled: str) -> None:
    assert_triggers()
    connection.close()
    with outsider(filled) as raw:
        defenceless(raw, "users_site")
    with pytest.raises(TriggersMissing, match=r"users_site.*manage\.py migrate"):
        assert_triggers()
    assert [message.id for message in check_triggers(["default"])][:1] == ["audit.E003"]
    call_command("migrate", verbosity=0, skip_checks=False)
    assert_triggers()


def test_the_site_refuses_to_serve_a_database_without_a_trail(cloned_orm: str) -> None:
    """One that was never migrated, or whose trail somebody removed."""
    connection.close()
    with outsider(cloned_orm) as raw:
        raw.execute("DROP TABLE audit_entry")
    assert missing(connection) == [], "no trigger is asked for before there is a trail, so its absence is told by name"
    with pytest.raises(TriggersMissing, match=r"no table yet.*manage\.py migrate"):
        assert_triggers()


def test_another_engine_is_refused_by_name() -> None:
    with pytest.raises(UnsupportedEngine, match="use SQLite or PostgreSQL"):
        missing(DatabaseWrapper({}))


def test_flush_is_refused() -> None:
    with pytest.raises(CommandError, match="never emptied"):
        call_command("flush", interactive=False)
