"""manage.py restore: bring a back-up back, proved before it takes the site's place."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import psycopg
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser

from trial.backup.container import Damaged, NoBackup
from trial.backup.engines import ProgramMissing
from trial.backup.keys import NotTheKey
from trial.backup.places import StillInUse
from trial.backup.restoring import Refused, Restored, rehearse, restore

UNCHANGED = "Nothing of the site was changed."


class Command(BaseCommand):
    """Restore a back-up."""

    help = "Restore a back-up beside the site, compare every table, file and audit entry, then swap it in."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="a back-up, or with --rehearse a folder: its newest one")
        parser.add_argument("--replace", default="", metavar="SITE", help="code of the site whose data may be replaced")
        parser.add_argument("--rehearse", action="store_true", help="restore into a database of its own and drop it")

    def handle(self, *args: Any, **options: Any) -> None:
        path = newest(options["file"]) if options["rehearse"] else options["file"]
        try:
            done = (
                rehearse(path, self.say) if options["rehearse"] else restore(path, self.say, replace=options["replace"])
            )
        except Damaged as wrong:
            raise CommandError(f"The back-up is damaged: {wrong}. {UNCHANGED}") from wrong
        except (Refused, StillInUse, NotTheKey, NoBackup, ProgramMissing, ImproperlyConfigured) as refused:
            raise CommandError(f"{refused} {UNCHANGED}") from refused
        except (OSError, RuntimeError, sqlite3.Error, psycopg.Error) as failed:
            raise CommandError(f"{failed}. {UNCHANGED}") from failed
        self.tell(done, is_rehearsal=options["rehearse"])

    def tell(self, done: Restored, *, is_rehearsal: bool) -> None:
        """Say what was proved, and what is left to do."""
        state = "can be restored" if is_rehearsal else "is back"
        self.say(f"The state of {done.made_at:%Y-%m-%d %H:%M} UTC {state}.")
        self.say(
            f"{done.rows} rows and {done.files} files have the SHA-256 they had, and the audit trail is whole "
            f"({done.audit.entries} entries)."
        )
        if is_rehearsal:
            return
        if done.kept:
            self.say(f"The database that was here is kept as {done.kept}; remove it when you are sure.")
        self.say("Run manage.py bootstrap, then start the site.")

    def say(self, words: str) -> None:
        """Tell the operator at once."""
        self.stdout.write(words)
        self.stdout.flush()


def newest(path: Path) -> Path:
    """The newest back-up in a folder, or the file itself; raises CommandError where there is none."""
    if not path.is_dir():
        return path
    if not (found := sorted(path.glob("trial-*.backup"))):
        raise CommandError(f"There is no back-up in {path} to rehearse with.")
    return found[-1]
