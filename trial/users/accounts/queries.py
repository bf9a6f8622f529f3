"""Named reads of accounts: who holds which role at a site, since when, and what still lacks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from django.db.models import Prefetch, Q, QuerySet
from django.http import Http404

from trial.permissions import Role
from trial.users.delegation.models import Delegation
from trial.users.delegation.rules import is_delegated
from trial.users.models import RoleAssignment, User

STATES = {"open": "open", "closed": "closed", "waiting": "waiting for a delegation"}


@dataclass(frozen=True)
class AccountFilter:
    """Which accounts are asked for: words of the name or the user name, a role held, and how the account stands."""

    words: str = ""
    role: str = ""
    state: str = ""

    @classmethod
    def of(cls, asked: Mapping[str, str]) -> AccountFilter:
        """The filter of an address; what is not known asks for nothing."""
        role, state = asked.get("role", ""), asked.get("state", "")
        return cls(
            asked.get("q", "").strip(),
            role if role in set(Role) else "",
            state if state in STATES else "",
        )


class HeldRole(NamedTuple):
    """One role of an account, and how it stands today: in force, waiting, to come or over."""

    assignment: RoleAssignment
    state: str


class Account(NamedTuple):
    """One account with its roles at the reader's sites."""

    user: User
    roles: list[HeldRole]

    @property
    def is_waiting(self) -> bool:
        """Whether a role allows nothing because its duties are not delegated."""
        return any(role.state == "waiting" for role in self.roles)


def accounts_at(sites: frozenset[UUID], asked: AccountFilter | None = None) -> list[Account]:
    """Accounts that hold or held a role at the sites, by name, each with its roles there."""
    asked = asked or AccountFilter()
    there = RoleAssignment.objects.filter(site_id__in=sites)
    found = User.objects.filter(pk__in=there.values("user_id"))
    if asked.words:
        found = found.filter(Q(full_name__icontains=asked.words) | Q(username__icontains=asked.words))
    if asked.role:
        found = found.filter(pk__in=there.filter(role=asked.role, ended_at=None).values("user_id"))
    if asked.state in {"open", "closed"}:
        found = found.filter(is_active=asked.state == "open")
    accounts = [account_of(user) for user in _with_roles(found, sites).order_by("full_name", "username")]
    return [account for account in accounts if asked.state != "waiting" or account.is_waiting]


def get_account(sites: frozenset[UUID], pk: UUID) -> Account:
    """One account of the sites; Http404 for another site's and a missing one alike."""
    there = RoleAssignment.objects.filter(site_id__in=sites, user_id=pk)
    user = _with_roles(User.objects.filter(pk__in=there.values("user_id")), sites).first()
    if user is None:
        raise Http404("No such account.")
    return account_of(user)


def get_assignment(sites: frozenset[UUID], pk: UUID) -> RoleAssignment:
    """One role given at the sites; Http404 for another site's and a missing one alike."""
    row = RoleAssignment.objects.select_related("user", "site").filter(pk=pk, site_id__in=sites).first()
    if row is None:
        raise Http404("No such role.")
    return row


def account_of(user: User) -> Account:
    """An account with the state of each role that was fetched with it."""
    roles: list[RoleAssignment] = user.roles_there  # type: ignore[attr-defined]
    lines: list[Delegation] = user.delegations_there  # type: ignore[attr-defined]
    return Account(user, [HeldRole(row, _state(row, roles, lines)) for row in roles])


def _state(row: RoleAssignment, roles: list[RoleAssignment], lines: list[Delegation]) -> str:
    today = row.site.today
    if not row.span.holds(today):
        return "to come" if row.ended_at is None and today < row.starts_on else "over"
    is_pi = any(r.role == Role.PI and r.site_id == row.site_id and r.span.holds(today) for r in roles)
    spans = [line.span for line in lines if (line.site_id, line.role) == (row.site_id, row.role)]
    return "in force" if is_delegated(row.role, spans, today, is_pi=is_pi) else "waiting"


def _with_roles(found: QuerySet[User], sites: frozenset[UUID]) -> QuerySet[User]:
    roles = RoleAssignment.objects.filter(site_id__in=sites).select_related("site").order_by("starts_on", "role")
    lines = Delegation.objects.filter(site_id__in=sites).order_by("starts_on")
    return found.prefetch_related(
        Prefetch("role_assignments", queryset=roles, to_attr="roles_there"),
        Prefetch("delegations", queryset=lines, to_attr="delegations_there"),
    )
