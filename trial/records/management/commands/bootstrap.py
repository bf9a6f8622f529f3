"""Make the database ready: tables, triggers, and SQLite's write-ahead log, set once and kept by the file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import connection

from trial.records.checks import assert_sound


class Command(BaseCommand):
    help = "Make or update the database; safe to run again."

    def handle(self, *args: Any, **options: Any) -> None:
        if connection.vendor == "sqlite":
            with connection.cursor() as cursor:
                cursor.execute("PRAGMA journal_mode=WAL")
            # SQLite gives its log files the mode of the database; the folder may be older and open to others.
            if (file := Path(connection.settings_dict["NAME"])).is_file():  # a database in memory has none
                file.chmod(0o600)
        call_command("migrate", verbosity=0, interactive=False)
        assert_sound()
        self.stdout.write(f"The database is ready ({connection.vendor}).")
