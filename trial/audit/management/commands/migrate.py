"""Django's migrate, with the audit trail kept whole while tables change."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands import migrate
from django.db import connections
from django.db.migrations import Migration, RunPython, RunSQL

from trial.audit.connections import installing
from trial.audit.context import session_attribution
from trial.audit.registry import AUDITED_APPS
from trial.audit.triggers import install, uninstall

DATA_OPERATIONS = (RunPython, RunSQL)


class Command(migrate.Command):
    """Each migration writes as `system:migrate <app>.<name>`; triggers stand when data change, and at the end.

    SQLite cannot drop a column that a trigger names and forgets the triggers of a table it rebuilds, so
    there the triggers are taken down for migrations that change tables. Data are changed in migrations of
    their own, with the triggers up. A command that breaks off puts them back as well.
    """

    _open: ExitStack | None = None
    _has_new_tables = False

    def execute(self, *args: Any, **options: Any) -> str | None:
        with installing():
            return super().execute(*args, **options)

    def handle(self, *args: Any, **options: Any) -> None:
        self._connection = connections[options["database"]]
        try:
            super().handle(*args, **options)
        finally:
            self._end()
            self._put_back()

    def migration_progress_callback(self, action: str, migration: Any = None, fake: bool = False) -> None:
        super().migration_progress_callback(action, migration, fake)
        if action in {"apply_start", "unapply_start"} and not fake:
            self._begin(migration)
        if action in {"apply_success", "unapply_success"}:
            self._end()

    def _begin(self, migration: Migration) -> None:
        changes_data = any(isinstance(operation, DATA_OPERATIONS) for operation in migration.operations)
        changes_tables = any(not isinstance(operation, DATA_OPERATIONS) for operation in migration.operations)
        if changes_data and changes_tables and migration.app_label in AUDITED_APPS:
            raise CommandError(
                f"{migration} changes tables and data at once, so its data would escape the audit trail. "
                "Split it into two migrations."
            )
        if changes_data:
            self._put_back()
        elif changes_tables and not self._has_new_tables and self._connection.vendor == "sqlite":
            uninstall(self._connection)
        self._has_new_tables = self._has_new_tables or changes_tables
        self._open = ExitStack()
        self._open.enter_context(
            session_attribution(self._connection, f"system:migrate {migration}", "migration of the database")
        )

    def _put_back(self) -> None:
        """Put every trigger in place for the tables as they are now."""
        if self._has_new_tables:
            install(self._connection)
            self._has_new_tables = False

    def _end(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None
