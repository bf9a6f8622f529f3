"""manage.py export_audit_head: the newest link, to be kept off this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from trial.audit.services import export_head


class Command(BaseCommand):
    """Export the head of the audit chain."""

    help = "Seal the trail and write its newest link to a file; keep the file away from this machine."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--out", type=Path, required=True, help="file to write (JSON), or a folder, which keeps every export"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        head = export_head(options["out"])
        self.stdout.write(f"Head of the audit chain, link {head['seq']}, written to {options['out']}.")
