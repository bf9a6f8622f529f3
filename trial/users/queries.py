"""Named reads of accounts and their roles."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Prefetch, QuerySet

from trial.users.models import FormerPassword, RoleAssignment, User

# How many passwords before the present one are refused.
FORMER_PASSWORDS = 4


def accounts_at(sites: frozenset[UUID]) -> QuerySet[User]:
    """Accounts that hold or held a role at the sites, each with ``roles_there``, its assignments there."""
    there = RoleAssignment.objects.filter(site_id__in=sites).select_related("site").order_by("starts_on", "role")
    accounts = User.objects.filter(pk__in=there.values("user_id")).order_by("full_name")
    return accounts.prefetch_related(Prefetch("role_assignments", queryset=there, to_attr="roles_there"))


def former_passwords(user: User) -> list[str]:
    """The hashes of the account's last passwords, the newest first."""
    kept = FormerPassword.objects.filter(user=user).order_by("-retired_at").values_list("password", flat=True)
    return list(kept[:FORMER_PASSWORDS])
