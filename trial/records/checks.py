"""The site refuses to start on an older database, with a changed protocol file, or while a write could go unaudited."""

from __future__ import annotations

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.migrations.executor import MigrationExecutor

from trial import protocol
from trial.audit.checks import assert_triggers
from trial.records.models import ProtocolVersion


class ProtocolChanged(RuntimeError):
    """A protocol file is not the one that participants are bound to."""


class DatabaseOutdated(RuntimeError):
    """The database was made by an older program."""


class ProgramOutdated(RuntimeError):
    """The database was made by a newer program."""


def assert_migrated(using: str = DEFAULT_DB_ALIAS) -> None:
    """Compare the database with the program; raises DatabaseOutdated or ProgramOutdated naming a step."""
    executor = MigrationExecutor(connections[using])
    unknown = [step for step in executor.loader.applied_migrations if step not in executor.loader.graph.nodes]
    if strange := sorted(".".join(step) for step in unknown if step[0] in executor.loader.migrated_apps):
        raise ProgramOutdated(
            f"The database is newer than the program: it knows {strange[0]}. Put the newer program back, or restore "
            "the back-up that was made before it was installed."
        )
    if plan := executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise DatabaseOutdated(
            f"The database is older than the program: {plan[0][0]} and {len(plan) - 1} more steps are missing. "
            "Back it up, then run manage.py bootstrap."
        )


def assert_protocols() -> None:
    """Compare every protocol version in use with its file; raises ProtocolChanged naming the version."""
    for row in ProtocolVersion.objects.all():
        found = protocol.sha256(row.version) if row.version in protocol.versions() else "no file"
        if found != row.sha256:
            raise ProtocolChanged(
                f"Protocol {row.version} has SHA-256 {found}, but participants are bound to {row.sha256}. "
                "Put the file back as it was; a change of the protocol is a new version with a new name."
            )


def assert_fit_to_serve() -> None:
    """Raise what is wrong, naming it, before the first page is served.

    That is DatabaseOutdated, ProgramOutdated, TriggersMissing or ProtocolChanged.
    """
    assert_migrated()
    assert_triggers()
    assert_protocols()
