"""manage.py verify_audit: prove that the trail is whole and that the tables are what it says."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from trial.audit.verification import Report, verify

MOST_SHOWN = 20


class Command(BaseCommand):
    """Verify the audit trail."""

    help = "Check every audit entry, the chain over them and every audited row; exits 1 at the first wrong one."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--head", type=Path, help="a file that export_audit_head once wrote")

    def handle(self, *args: Any, **options: Any) -> None:
        report = verify(read_head(options["head"]) if options["head"] else None)
        self.stdout.write(
            f"{report.entries} entries, {report.sealed} sealed, {report.unsealed} not yet sealed, "
            f"{report.rows} rows compared."
        )
        if not report.ok:
            self.accuse(report)
            sys.exit(1)
        self.stdout.write("The audit trail is whole.")

    def accuse(self, report: Report) -> None:
        """Name the first wrong row, then the others."""
        self.stderr.write(f"FIRST WRONG: {report.findings[0]}")
        for finding in report.findings[1:MOST_SHOWN]:
            self.stderr.write(f"also: {finding}")
        if (more := len(report.findings) - MOST_SHOWN) > 0:
            self.stderr.write(f"and at least {more} more.")


def read_head(path: Path) -> dict[str, Any]:
    """The exported head in a file; raises CommandError for anything else."""
    try:
        head = json.loads(path.read_text())
        return {"seq": int(head["seq"]), "mac": str(head["mac"]), "entry_id": int(head["entry_id"])}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CommandError(f"{path} is no exported head ({error}). Make one with export_audit_head.") from error
