"""manage.py open_keys: the keys of the envelope that backup --keys wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser

from trial.backup import envelope
from trial.backup.container import Damaged, NoBackup
from trial.backup.keys import NotTheKey, passphrase_in


class Command(BaseCommand):
    """Open an envelope of keys."""

    help = "Write the keys of an envelope into a folder, readable by its owner only."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--passphrase", type=Path, required=True, help="the file whose first line opens it")
        parser.add_argument("--out", type=Path, required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            names = envelope.unseal(options["file"], passphrase_in(options["passphrase"]), options["out"])
        except (Damaged, NoBackup, NotTheKey, ImproperlyConfigured, OSError) as refused:
            raise CommandError(f"The envelope was not opened: {refused}") from refused
        self.stdout.write(f"{options['out']} holds {', '.join(names)}.")
