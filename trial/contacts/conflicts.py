"""Two people on one participant's contact details. The trail does not hold them, so the form brings what it opened."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from copy import copy
from typing import Any

from trial.contacts import queries
from trial.contacts.envelope import KeyMissing
from trial.contacts.models import Contact
from trial.records import conflicts
from trial.records.conflicts import Opened, Save


def state_of(contact: Contact) -> str:
    """The details as a form carries them: their version, and the ciphertext, which only the site opens."""
    return f"{contact.version}.{urlsafe_b64encode(bytes(contact.sealed or b'')).decode()}"


class OpenedDetails(Opened):
    """A form about contact details; ``opened`` holds the state that it was opened at."""

    def token(self, form: Any) -> str:
        return str(form.data.get("opened", ""))

    def is_current(self, current: Contact, form: Any) -> bool:
        return self.token(form) == state_of(current)

    def stood(self, current: Contact, token: str) -> Contact | None:
        """The details that a form was opened at; None for a first entry, and for what this site did not encrypt."""
        before = copy(current)
        try:
            before.sealed = urlsafe_b64decode(token.partition(".")[2])
            queries.details_of(before)
        except (KeyMissing, ValueError):
            return None
        return before

    def saves(self, current: Contact, token: str) -> list[Save]:
        return conflicts.saves_since(Contact, current.pk, conflicts.number(token.partition(".")[0]))
