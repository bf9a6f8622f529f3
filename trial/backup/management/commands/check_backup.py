"""manage.py check_backup: prove a back-up file without restoring it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser

from trial.backup.checking import check
from trial.backup.container import Damaged, NoBackup
from trial.backup.keys import NotTheKey


class Command(BaseCommand):
    """Check a back-up."""

    help = "Read a whole back-up file and compare it with what it says of itself; exits 1 naming what is damaged."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            found = check(options["file"], self.stdout.write)
        except Damaged as wrong:
            raise CommandError(f"Damaged: {wrong}.") from wrong
        except (NoBackup, NotTheKey, ImproperlyConfigured, OSError) as refused:
            raise CommandError(str(refused)) from refused
        if found.damages:
            for words in found.damages:
                self.stderr.write(f"Damaged: {words}.")
            sys.exit(1)
        index = found.index
        rows = sum(table["rows"] for table in index["tables"].values())
        self.stdout.write(
            f"Whole: {index['engine']} database of program {index['program']}, made {index['made_at']}, sites "
            f"{', '.join(index['sites']) or 'none'}, {rows} rows in {len(index['tables'])} tables, "
            f"{len(index['parts']) - 1} files, audit chain of {index['audit_head']['seq']} links."
        )
