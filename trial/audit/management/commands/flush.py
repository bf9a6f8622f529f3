"""Django's flush, refused where a trail is kept."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.core.management.commands import flush
from django.db import connections

from trial.audit.connections import installing
from trial.audit.triggers import install, uninstall


class Command(flush.Command):
    """Empties the database only where settings.AUDIT_ALLOW_FLUSH says that it holds nobody's data."""

    def handle(self, **options: Any) -> None:
        if not getattr(settings, "AUDIT_ALLOW_FLUSH", False):
            raise CommandError(
                "This database keeps an audit trail, which is never emptied. For a throw-away database set "
                "AUDIT_ALLOW_FLUSH = True in its settings."
            )
        connection = connections[options["database"]]
        with installing():
            uninstall(connection)
            try:
                super().handle(**options)
            finally:
                install(connection)
