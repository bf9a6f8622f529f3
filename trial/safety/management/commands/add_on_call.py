"""Put somebody on call from the command line: the first shift of a site, before the site can be served."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from trial.records.services import RecordError
from trial.safety.services.roster import plan_shift
from trial.users.models import Site, User


class Command(BaseCommand):
    help = "Put a person on call at a site."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username", help="who is on call; the roster names this account as planner too")
        parser.add_argument("--site", required=True, help="code of the site")
        parser.add_argument("--phone", required=True, help="telephone on duty")
        parser.add_argument("--from", dest="begins", required=True, help="site time, as 2026-03-02T08:00")
        parser.add_argument("--to", dest="ends", required=True, help="site time, as 2026-03-09T08:00")

    def handle(self, *args: Any, **options: Any) -> None:
        site = Site.objects.filter(code=options["site"]).first()
        person = User.objects.filter(username=options["username"]).first()
        if site is None or person is None:
            raise CommandError("There is no such site or account; see manage.py add_site and add_account.")
        try:
            starts, ends = (
                datetime.fromisoformat(options[name]).replace(tzinfo=site.zone) for name in ("begins", "ends")
            )
            plan_shift(person, site=site, starts_at=starts, ends_at=ends, person=person, phone=options["phone"])
        except ValidationError as wrong:
            raise CommandError(" ".join(wrong.messages)) from wrong
        except (RecordError, ValueError) as refused:
            raise CommandError(str(refused)) from refused
        self.stdout.write(f"{person} is on call at {site.code} from {options['begins']} to {options['ends']}.")
