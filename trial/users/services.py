"""Making sites and accounts, and giving roles."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from trial.audit.context import audited
from trial.permissions import Role
from trial.users.models import FormerPassword, RoleAssignment, Site, User


def add_site(actor: User | str, *, code: str, name: str, timezone: str, is_practice: bool = False) -> Site:
    """Return a new site; raises ValidationError for a taken code or an unknown zone."""
    with audited(actor, f"site {code} added"):
        site = Site(code=code, name=name, timezone=timezone, is_practice=is_practice)
        site.full_clean()
        site.save()
    return site


def add_account(
    actor: User | str,
    *,
    username: str,
    full_name: str,
    password: str,
    site: Site,
    roles: Iterable[Role],
    starts_on: date,
    email: str = "",
) -> User:
    """Return a new account holding *roles* at *site* from a day on; raises ValidationError."""
    with audited(actor, f"account {username} added"):
        user = User.objects.create_user(username, password=password, full_name=full_name, email=email)
        for role in roles:
            give_role(actor, user=user, site=site, role=role, starts_on=starts_on)
    return user


def change_password(actor: User | str, user: User, password: str) -> None:
    """Give an account a new password; its other sessions end, because they are signed with the old one."""
    with audited(actor, "password changed"):
        FormerPassword.objects.create(user=user, password=user.password)
        user.set_password(password)
        user.save(update_fields=["password", "password_set_at"])


def give_role(actor: User | str, *, user: User, site: Site, role: Role, starts_on: date) -> RoleAssignment:
    """Return a new role of *user* at *site*."""
    with audited(actor, f"{role.value} at {site.code}"):
        return RoleAssignment.objects.create(user=user, site=site, role=role.value, starts_on=starts_on)
