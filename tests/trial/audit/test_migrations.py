"""Migrations write under their own name and leave every trigger in place."""

from __future__ import annotations

import json

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, models
from pytest_django.fixtures import Settings

from tests.trial.audit import rows
from tests.trial.audit.outsiders import outsider
from trial.audit.connections import installing
from trial.audit.context import audited, current
from trial.audit.models import AuditEntry
from trial.audit.triggers import install, missing, uninstall
from trial.audit.verification import verify
from trial.users.models import Site

pytestmark = pytest.mark.usefixtures("cloned_orm")
ANOTHERS = {
    "sqlite": ["CREATE TRIGGER anothers AFTER INSERT ON users_site FOR EACH ROW BEGIN SELECT 1; END"],
    "postgresql": [
        "CREATE FUNCTION anothers() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
        "CREATE TRIGGER anothers AFTER INSERT ON users_site FOR EACH ROW EXECUTE FUNCTION anothers()",
        "ALTER TABLE users_site ENABLE ALWAYS TRIGGER anothers",
    ],
}
NAMES = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal",
}


@pytest.fixture
def later(cloned_orm: str, settings: Settings) -> None:
    """Two sites, and later migrations waiting for the users app."""
    with audited("system:test", "two sites"):
        rows.make_site().save()
        rows.make_site().save()
    settings.MIGRATION_MODULES = {"users": "tests.trial.audit.later_migrations"}


def test_a_rebuilt_table_loses_its_triggers_on_sqlite_and_migrate_puts_them_back() -> None:
    field = models.IntegerField(default=4)
    field.set_attributes_from_name("beds")
    with installing(), connection.schema_editor() as editor:
        editor.add_field(Site, field)
    lost = {"audit_users_site_insert", "audit_users_site_update", "audit_users_site_delete"}
    assert set(missing(connection)) == (lost if connection.vendor == "sqlite" else set())
    call_command("migrate", verbosity=0)
    assert missing(connection) == []


@pytest.mark.usefixtures("later")
def test_a_column_added_with_a_default_is_audited_from_then_on() -> None:
    call_command("migrate", "users", "9001_add", verbosity=0)
    assert missing(connection) == []
    assert verify().findings == []
    with audited("system:test", "beds"), connection.cursor() as cursor:
        cursor.execute("UPDATE users_site SET beds = 5")
    assert json.loads(AuditEntry.objects.order_by("-id")[0].new or "")["beds"] == 5


@pytest.mark.usefixtures("later")
def test_a_data_migration_is_attributed_to_its_name() -> None:
    call_command("migrate", "users", "9002_data", verbosity=0)
    made = AuditEntry.objects.filter(actor="system:migrate users.9002_data")
    assert {entry.op for entry in made} == {"U"}
    assert made.count() == Site.objects.count()
    assert current() is None
    assert verify().findings == []


@pytest.mark.usefixtures("later")
def test_a_removed_column_leaves_the_trail_whole() -> None:
    call_command("migrate", "users", "9003_remove", verbosity=0)
    with audited("system:test", "after"):
        Site.objects.update(name="After")
    assert missing(connection) == []
    assert verify().findings == []


@pytest.mark.usefixtures("later")
def test_a_migration_of_tables_and_data_at_once_is_refused() -> None:
    with pytest.raises(CommandError, match="Split it into two migrations"):
        call_command("migrate", "users", "9004_mixed", verbosity=0)
    assert current() is None
    assert missing(connection) == []


def test_a_trigger_of_another_tool_is_neither_counted_nor_taken_down(cloned_orm: str) -> None:
    """A site's own replication or back-up tool may have some; a migration that takes ours down leaves them."""
    connection.close()
    with outsider(cloned_orm) as raw:
        for statement in ANOTHERS[connection.vendor]:
            raw.execute(statement)
    assert missing(connection) == []
    uninstall(connection)
    assert names_of_triggers() == {"anothers"}
    install(connection)
    assert missing(connection) == []
    assert "anothers" in names_of_triggers()


def names_of_triggers() -> set[str]:
    """The names of the triggers in the database."""
    with connection.cursor() as cursor:
        cursor.execute(NAMES[connection.vendor])
        return {name for (name,) in cursor.fetchall()}
