"""Print new codes for a site's sealed envelope, once."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from trial.users.emergency import services
from trial.users.models import Site


class Command(BaseCommand):
    help = "Print new one-time codes for a site's sealed envelope; the ones printed before are void."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--site", required=True, help="code of the site")
        parser.add_argument("--count", type=int, default=10, choices=range(1, 101), metavar="1…100")

    def handle(self, *args: Any, **options: Any) -> None:
        site = Site.objects.filter(code=options["site"]).first()
        if site is None:
            raise CommandError(f"There is no site {options['site']!r}; make it with manage.py add_site.")
        codes = services.make_codes("system:emergency_codes", site, count=options["count"])
        self.stdout.write(f"Emergency codes of {site}. They are not shown again, and older ones are void.")
        self.stdout.write("Print them, seal them in an envelope, and keep it where the ward can reach it at night.")
        for code in codes:
            self.stdout.write(f"  {code}   used by ____________ at ____________")
