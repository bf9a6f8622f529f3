"""Give an account a new password on the server, in the audit trail; it stands before Django's own command."""

from __future__ import annotations

from getpass import getpass
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from trial.users import services
from trial.users.models import User


class Command(BaseCommand):
    help = "Give an account a new password, for somebody who has forgotten it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["username"]).first()
        if user is None:
            raise CommandError(f"There is no account {options['username']!r}.")
        password = getpass("New password: ")
        if getpass("Again: ") != password:
            raise CommandError("The two are not the same; nothing is changed.")
        try:
            validate_password(password, user)
        except ValidationError as weak:
            raise CommandError(" ".join(weak.messages)) from weak
        services.change_password("system:changepassword", user, password)
        self.stdout.write(f"{user.username} has a new password; every session of the account is ended.")
