"""manage.py seal_audit: link finished entries into the chain."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from trial.audit.services import seal


class Command(BaseCommand):
    """Seal the audit trail."""

    help = "Link the finished entries of the audit trail into its keyed chain."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--limit", type=int, help="seal at most this many entries")

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{seal(options['limit'])} audit entries sealed.")
