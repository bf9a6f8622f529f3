"""manage.py verify_signatures: prove that every signature is as it was given, and count those that still stand."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand

from trial.signatures.verification import verify


class Command(BaseCommand):
    """Verify the signatures."""

    help = "Check every signature against its seal, its record and the audit trail; exits 1 where one is wrong."

    def handle(self, *args: Any, **options: Any) -> None:
        report = verify()
        self.stdout.write(f"{report.valid} signatures stand, {report.void} are void since a change.")
        for problem in report.wrong:
            self.stderr.write(f"WRONG: {problem}")
        if report.wrong:
            sys.exit(1)
        self.stdout.write("Every signature is as it was given. Run verify_audit for the records themselves.")
