"""Named reads of accounts: the passwords they had."""

from __future__ import annotations

from trial.users.models import FormerPassword, User

# How many passwords before the present one are refused.
FORMER_PASSWORDS = 4


def former_passwords(user: User) -> list[str]:
    """The hashes of the account's last passwords, the newest first."""
    kept = FormerPassword.objects.filter(user=user).order_by("-retired_at").values_list("password", flat=True)
    return list(kept[:FORMER_PASSWORDS])
