"""Django's flush, refused."""

from __future__ import annotations

from typing import Any, NoReturn

from django.core.management.base import CommandError
from django.core.management.commands import flush


class Command(flush.Command):
    """A database that keeps an audit trail is never emptied in place."""

    def handle(self, **options: Any) -> NoReturn:
        raise CommandError(
            "This database keeps an audit trail, which is never emptied. Start with a new database: point "
            "DATABASE_URL or VAR_DIR elsewhere and run manage.py migrate."
        )
