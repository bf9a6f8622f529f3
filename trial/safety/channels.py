"""How a message reaches a person. A channel says whether it handed the message over; it never says that it was read."""

from __future__ import annotations

from dataclasses import dataclass
from smtplib import SMTPException
from typing import Protocol

from django.conf import settings
from django.core.mail import EmailMessage

from trial.records.checks import mail_reaches_people
from trial.users.models import User


@dataclass(frozen=True)
class Delivery:
    """What became of a message: handed over or not, why not, and whether another try may help."""

    is_handed_over: bool
    why: str = ""
    may_be_tried_again: bool = False


class Channel(Protocol):
    """A way to a person."""

    name: str

    def send(self, person: User, subject: str, body: str, *, key: str) -> Delivery:
        """Hand a message over; *key* is the same for a message that is sent again."""
        ...


class Mail:
    """Django's e-mail. A back end that keeps the message on this machine reaches nobody."""

    name = "e-mail"

    def send(self, person: User, subject: str, body: str, *, key: str) -> Delivery:
        """Send one message; one that went out twice has the same Message-ID, so that mail programs show it once."""
        if not mail_reaches_people():
            return Delivery(False, "this site sends no e-mail; its settings name no mail server")
        if not person.email:
            return Delivery(False, f"{person} has no e-mail address in the account")
        headers = {"Message-ID": f"<{key}@{settings.EMAIL_DOMAIN}>", "Importance": "high"}
        try:
            EmailMessage(subject, body, to=[person.email], headers=headers).send()
        except (SMTPException, OSError) as broken:
            return Delivery(False, f"the mail server did not take it ({type(broken).__name__})", True)
        return Delivery(True)


CHANNEL: Channel = Mail()
