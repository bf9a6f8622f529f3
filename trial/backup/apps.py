"""Back-ups: nothing of them stands in the database."""

from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig


class BackupConfig(AppConfig):
    name = "trial.backup"
    label = "backup"

    def ready(self) -> None:
        """Let the site's health tell of the back-ups."""
        import_module("trial.backup.handlers")
