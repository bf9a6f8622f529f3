"""Make a site."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from trial.users import services


class Command(BaseCommand):
    help = "Make a site where participants are treated."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("code")
        parser.add_argument("--name", required=True)
        parser.add_argument("--timezone", required=True, help="like America/Chicago")
        parser.add_argument("--practice", action="store_true", help="a site for practice only")

    def handle(self, *args: Any, **options: Any) -> None:
        site = services.add_site(
            "system:add_site",
            code=options["code"],
            name=options["name"],
            timezone=options["timezone"],
            is_practice=options["practice"],
        )
        self.stdout.write(f"Site {site} made.")
        if not site.is_practice:
            self.stdout.write(
                "Give it an account and its first shift now (manage.py add_account, add_on_call): in production nobody "
                "is registered at a site before, and no server starts while no site has a roster."
            )
