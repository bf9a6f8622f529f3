"""Wrap every participant's data key under the first of CONTACT_KEYS."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from trial.contacts.envelope import KeyMissing
from trial.contacts.models import Contact
from trial.contacts.services import rewrap


class Command(BaseCommand):
    help = "After a new key was put first in CONTACT_KEYS: wrap the keys of all contact details under it."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            done = rewrap(Contact.objects.filter(erased_at=None).order_by("pk"))
        except KeyMissing as missing:
            raise CommandError(str(missing)) from missing
        self.stdout.write(f"{done} contact(s) wrapped under the new key. The older key is needed for back-ups only.")
