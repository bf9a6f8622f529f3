"""Making sites and accounts, and giving roles."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from trial.audit.context import audited
from trial.permissions import Role
from trial.users.delegation import services as delegation
from trial.users.delegation.rules import DELEGATED
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
    delegated_by: User | None = None,
    is_password_given: bool = False,
) -> User:
    """Return a new account that may act in *roles* at *site* from a day on; raises ValidationError.

    is_password_given: whether somebody else chose the password, so that its holder must change it first.
    The duties stand in the delegation log as delegated by that PI, or as to be confirmed by the PI when none is named.
    """
    with audited(actor, f"account {username} added"):
        user = User.objects.create_user(username, password=password, full_name=full_name, email=email)
        if is_password_given:
            user.is_password_given = True
            user.save(update_fields=["is_password_given"])
        for role in roles:
            give_role(actor, user=user, site=site, role=role, starts_on=starts_on)
            if role in DELEGATED:
                delegation.carry_over(
                    actor, user=user, site=site, role=role, starts_on=starts_on, confirmed_by=delegated_by
                )
    return user


def change_password(actor: User | str, user: User, password: str) -> None:
    """Give an account a new password; its other sessions end, because they are signed with the old one.

    One that somebody else chose must be changed by its holder.
    """
    with audited(actor, "password changed"):
        FormerPassword.objects.create(user=user, password=user.password)
        user.set_password(password)
        user.is_password_given = actor != user
        user.save(update_fields=["password", "password_set_at", "is_password_given"])


def give_role(actor: User | str, *, user: User, site: Site, role: Role, starts_on: date) -> RoleAssignment:
    """Return a new role of *user* at *site*; its duties still have to be delegated where the role asks for it."""
    with audited(actor, f"{role.value} at {site.code}"):
        return RoleAssignment.objects.create(user=user, site=site, role=role.value, starts_on=starts_on)
