"""Staff whose duties stand in the delegation log, as those of an account that existed before the log."""

from __future__ import annotations

from datetime import date

from trial.permissions import Role
from trial.users.delegation import services
from trial.users.delegation.models import Delegation
from trial.users.delegation.rules import DELEGATED
from trial.users.models import Site, User


def delegated(
    user: User, site: Site, role: str, starts_on: date = date(2020, 1, 1), ends_on: date | None = None
) -> Delegation | None:
    """A line of the log for a role, or None for a role that needs none."""
    if role not in DELEGATED:
        return None
    return services.carry_over(
        "system:tests", user=user, site=site, role=Role(role), starts_on=starts_on, ends_on=ends_on
    )
