"""manage.py downtime_sheets: the sheets of a site as one HTML file, for a computer that works without the site."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from infusion.downtime import page_of
from trial.records.files import write_whole
from trial.users.models import Site


class Command(BaseCommand):
    """Write the downtime sheets."""

    help = "Write a sheet for each running infusion of a site into one HTML file that needs nothing else."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--site", required=True, help="code of the site")
        parser.add_argument("--out", type=Path, required=True, help="the file to write")

    def handle(self, *args: Any, **options: Any) -> None:
        site = Site.objects.filter(code=options["site"]).first()
        if site is None:
            raise CommandError(f"There is no site {options['site']!r}.")
        write_whole(options["out"], page_of(site, timezone.now()))
        self.stdout.write(f"{options['out']} holds the downtime sheets of {site.code}.")
