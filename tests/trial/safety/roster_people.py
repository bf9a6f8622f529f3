"""Accounts that messages can reach."""

from __future__ import annotations

from trial.audit.context import audited
from trial.users.models import User


def with_address(person: User) -> User:
    """The account with an e-mail address."""
    with audited("system:tests", "address"):
        person.email = f"{person.username}@example.org"
        person.save(update_fields=["email"])
    return person
