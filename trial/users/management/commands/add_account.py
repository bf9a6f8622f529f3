"""Make an account with one role at one site; the password is asked for, never given on the command line."""

from __future__ import annotations

from getpass import getpass
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from trial.permissions import Role
from trial.users import services
from trial.users.delegation.rules import DELEGATED
from trial.users.models import Site


class Command(BaseCommand):
    help = "Make an account with a role at a site."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--name", required=True, help="full name")
        parser.add_argument("--role", required=True, choices=[role.value for role in Role])
        parser.add_argument("--email", default="", help="address to which alerts are sent")
        parser.add_argument("--site", required=True, help="code of the site")

    def handle(self, *args: Any, **options: Any) -> None:
        site = Site.objects.filter(code=options["site"]).first()
        if site is None:
            raise CommandError(f"There is no site {options['site']!r}; make it with manage.py add_site.")
        password = getpass("Password: ")
        try:
            validate_password(password)
        except ValidationError as weak:
            raise CommandError(" ".join(weak.messages)) from weak
        role = Role(options["role"])
        services.add_account(
            "system:add_account",
            username=options["username"],
            full_name=options["name"],
            password=password,
            email=options["email"],
            site=site,
            roles=[role],
            starts_on=site.today,
            is_password_given=True,
        )
        self.stdout.write(f"{options['username']} may sign in, and changes this password first.")
        if role in DELEGATED:
            self.stdout.write(f"The PI of {site.code} still has to confirm the duties, in the delegation log.")
