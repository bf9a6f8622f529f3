"""Load the synthetic cohort and the demo accounts; a second run adds nothing."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from reports.cohort.load import load


class Command(BaseCommand):
    help = "Load the synthetic demo cohort with one account for each role."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.SITE_MODE != "demo":
            raise CommandError("The demo cohort is loaded in demo mode only; set SITE_MODE=demo for a demonstration.")
        loaded = load(self.say)
        self.stdout.write(f"{loaded} participants loaded." if loaded else "The demo cohort is already there.")

    def say(self, line: str) -> None:
        """Show progress at once."""
        self.stdout.write(line)
        self.stdout.flush()
