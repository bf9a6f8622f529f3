"""Opening, closing and reopening accounts, giving and ending roles: by an administrator of the site, with a reason."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from django.contrib.auth.password_validation import validate_password
from django.utils import timezone

from trial.audit.context import audited
from trial.permissions import Role, may
from trial.users.delegation.rules import Span
from trial.users.models import RoleAssignment, Site, User
from trial.users.refusals import RightRefused

NO_REASON = "Say why; the reason is kept in the audit trail."
OWN = "Nobody changes their own rights. Ask another administrator."


def open_account(
    actor: User,
    *,
    username: str,
    full_name: str,
    email: str,
    password: str,
    site: Site,
    role: Role,
    starts_on: date,
    ends_on: date | None = None,
    reason: str,
) -> User:
    """Return a new account that holds one role; its holder must change the first password before anything else.

    Raises RightRefused, and ValidationError for a name or a password that cannot be.
    """
    _assert_manages(actor, site.pk, reason)
    if User.objects.filter(username__iexact=username).exists():
        raise RightRefused(f"The user name {username} belongs to an account, open or closed. Choose another one.")
    with audited(actor, reason):
        user = User(username=username, full_name=full_name, email=email)
        validate_password(password, user)
        user.set_password(password)
        user.is_password_given = True
        user.full_clean()
        user.save(force_insert=True)
        give_role(actor, user=user, site=site, role=role, starts_on=starts_on, ends_on=ends_on, reason=reason)
    return user


def give_role(
    actor: User, *, user: User, site: Site, role: Role, starts_on: date, ends_on: date | None = None, reason: str
) -> RoleAssignment:
    """Give an open account a role at a site from a day to a day; raises RightRefused, ValidationError."""
    _assert_manages(actor, site.pk, reason)
    _assert_other(actor, user)
    if starts_on < site.today:
        raise RightRefused(f"A role begins on {site.today:%Y-%m-%d} at the earliest: it is not dated back.")
    if ends_on is not None and ends_on < starts_on:
        raise RightRefused("The last day lies before the first; check both days.")
    span = Span(starts_on, ends_on)
    with audited(actor, reason):
        locked = User.objects.select_for_update().get(pk=user.pk)
        if not locked.is_active:
            raise RightRefused("This account is closed. Reopen it first.")
        for held in locked.role_assignments.filter(site=site, role=role, ended_at=None):
            if held.span.meets(span):
                raise RightRefused(
                    f"{user.full_name} has this role at {site.code} in these days already. End it first, or choose "
                    "other days."
                )
        row = RoleAssignment(user=user, site=site, role=role.value, starts_on=starts_on, ends_on=ends_on)
        row.full_clean()
        row.save(force_insert=True)
    return row


def end_role(actor: User, assignment: RoleAssignment, *, reason: str) -> RoleAssignment:
    """End a role at once; raises RightRefused."""
    _assert_manages(actor, assignment.site_id, reason)
    _assert_other(actor, assignment.user)
    with audited(actor, reason):
        row = RoleAssignment.objects.select_for_update().get(pk=assignment.pk)
        if row.ended_at is not None:
            raise RightRefused("This role is ended already.")
        row.ended_at = timezone.now()
        row.save(force_update=True)
    return row


def close_account(actor: User, user: User, *, reason: str) -> User:
    """Close an account: its sessions end with their next request, and nobody signs in with it. Raises RightRefused."""
    _assert_manages_all(actor, user, reason)
    with audited(actor, reason):
        row = User.objects.select_for_update().get(pk=user.pk)
        if not row.is_active:
            raise RightRefused("This account is closed already.")
        row.is_active = False
        row.save(update_fields=["is_active"])
    return row


def reopen_account(actor: User, user: User, *, password: str, reason: str) -> User:
    """Reopen a closed account of the same person, with a new first password, so that no old session comes back.

    Raises RightRefused, and ValidationError for a weak password.
    """
    _assert_manages_all(actor, user, reason)
    with audited(actor, reason):
        row = User.objects.select_for_update().get(pk=user.pk)
        if row.is_active:
            raise RightRefused("This account is open already.")
        validate_password(password, row)
        row.set_password(password)
        row.is_active = row.is_password_given = True
        row.save(update_fields=["is_active", "password", "password_set_at", "is_password_given"])
    return row


def _assert_manages(actor: User, site_id: UUID, reason: str) -> None:
    if not may(actor, "accounts.manage", site_id):
        raise RightRefused("Accounts of a site are kept by its administrator.")
    if not reason.strip():
        raise RightRefused(NO_REASON)


def _assert_other(actor: User, user: User) -> None:
    if actor == user:
        raise RightRefused(OWN)


def _assert_manages_all(actor: User, user: User, reason: str) -> None:
    """An account is closed whole, so only by who keeps all of its sites; elsewhere a role can be ended."""
    _assert_other(actor, user)
    if not reason.strip():
        raise RightRefused(NO_REASON)
    rows = list(user.role_assignments.all())
    if not any(may(actor, "accounts.manage", row.site_id) for row in rows):
        raise RightRefused("Accounts of a site are kept by its administrator.")
    if any(row.ended_at is None and not may(actor, "accounts.manage", row.site_id) for row in rows):
        raise RightRefused(
            "This person has roles at other sites as well, so the account is not yours alone. End the "
            "roles at your site."
        )
