"""manage.py document_audit: bring the list of tables in docs/audit.md up to date."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from trial.audit.documentation import page, with_tables


class Command(BaseCommand):
    """Write the list of audited tables into the documentation."""

    help = "Write the list of audited and unaudited tables into docs/audit.md."

    def handle(self, *args: Any, **options: Any) -> None:
        page().write_text(with_tables(page().read_text()))
        self.stdout.write(f"{page()} lists every table.")
