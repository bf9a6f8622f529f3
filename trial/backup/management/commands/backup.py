"""manage.py backup: one encrypted file that proves itself."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser

from trial.backup import envelope
from trial.backup.engines import ProgramMissing
from trial.backup.keys import passphrase_in
from trial.backup.making import make

KEYS_APART = (
    "The keys are not in it. Without the back-up's key nobody can open it, without AUDIT_SEAL_KEY nobody can verify "
    "it: keep copies of both on another machine (--keys writes an encrypted envelope of them)."
)


class Command(BaseCommand):
    """Back the site up."""

    help = "Write database and files into one encrypted file with the proof of its content; the site may go on."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--out", type=Path, default=settings.VAR_DIR / "backups", help="the folder to write into")
        parser.add_argument("--keep", type=int, help="how many back-ups stay in that folder, the new one among them")
        parser.add_argument("--keys", type=Path, help="also write the site's keys, encrypted, to this file")
        parser.add_argument("--keys-passphrase", type=Path, help="the file whose first line opens that envelope")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["keep"] is not None and options["keep"] < 1:
            raise CommandError("--keep takes 1 or more: the back-up just made always stays.")
        if options["keys"] and not options["keys_passphrase"]:
            raise CommandError("--keys needs --keys-passphrase: the keys are written under a passphrase only.")
        try:
            made = make(options["out"], self.say, keep=options["keep"])
        except OSError as full:
            raise CommandError(f"No back-up was made, and no half file is left: {full.strerror or full}.") from full
        except (ImproperlyConfigured, ProgramMissing, RuntimeError, sqlite3.Error, psycopg.Error) as refused:
            raise CommandError(f"No back-up was made. {refused}") from refused
        self.say(f"{made.path}: {made.size / 1e6:.1f} MB, {made.rows} rows, {made.files} files.")
        for path in made.forgotten:
            self.say(f"Removed the older {path.name}.")
        self.say(KEYS_APART)
        if options["keys"]:
            self.seal_keys(options["keys"], options["keys_passphrase"])

    def seal_keys(self, path: Path, passphrase: Path) -> None:
        """Write the envelope of keys."""
        try:
            names = envelope.seal(path, passphrase_in(passphrase))
        except (ImproperlyConfigured, OSError) as refused:
            raise CommandError(f"The envelope of keys was not written. {refused}") from refused
        self.say(f"{path} holds {', '.join(names)}. Keep it where no back-up is (manage.py open_keys opens it).")

    def say(self, words: str) -> None:
        """Tell the operator at once."""
        self.stdout.write(words)
        self.stdout.flush()
