"""Which roles of an account are in force today, read in one query: here stands "no delegation, no action"."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from django.db.models import F, FilteredRelation, Q

from trial.permissions import Role
from trial.users.delegation.rules import Span, is_delegated

if TYPE_CHECKING:
    from uuid import UUID

    from trial.users.models import RoleAssignment, User


class Standing(NamedTuple):
    """The roles an account holds today: those in force, and those whose duties nobody has delegated to it."""

    in_force: list[RoleAssignment]
    undelegated: list[RoleAssignment]


def standing_of(user: User) -> Standing:
    """How the roles of an account stand on the day it is at each site."""
    held: dict[UUID, RoleAssignment] = {}
    spans: dict[UUID, list[Span]] = {}
    for row in _roles_with_delegations(user):
        if row.span.holds(row.site.today):
            held[row.pk] = row
            if row.delegated_from is not None:
                spans.setdefault(row.pk, []).append(Span(row.delegated_from, row.delegated_until))
    pi_at = {row.site_id for row in held.values() if row.role == Role.PI}
    standing = Standing([], [])
    for row in held.values():
        is_given = is_delegated(row.role, spans.get(row.pk, ()), row.site.today, is_pi=row.site_id in pi_at)
        (standing.in_force if is_given else standing.undelegated).append(row)
    return standing


def _roles_with_delegations(user: User) -> list[Any]:
    """The account's open role assignments, each as often as it has open delegations, with their days."""
    path = "user__delegations"
    condition = Q(**{f"{path}__site": F("site"), f"{path}__role": F("role"), f"{path}__ended_at": None})
    rows = user.role_assignments.filter(ended_at=None).annotate(covering=FilteredRelation(path, condition=condition))
    rows = rows.annotate(delegated_from=F("covering__starts_on"), delegated_until=F("covering__ends_on"))
    return list(rows.select_related("site").order_by("starts_on", "role"))
