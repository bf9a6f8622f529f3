"""Which roles of one account or many are in force, in one query: here stands "no delegation, no action"."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db.models import F, FilteredRelation, Q, QuerySet
from django.utils import timezone

from trial.permissions import Role
from trial.users.delegation.rules import Span, is_delegated

if TYPE_CHECKING:
    from uuid import UUID

    from trial.users.models import RoleAssignment, User


class Held(NamedTuple):
    """A role that was not ended, and the days of its delegations that were not."""

    assignment: RoleAssignment
    delegations: list[Span]


class Standing(NamedTuple):
    """The roles held on a day: those in force, and those whose duties nobody has delegated."""

    in_force: list[RoleAssignment]
    undelegated: list[RoleAssignment]


def standing_of(user: User) -> Standing:
    """How the roles of an account stand on the day it is at each site."""
    return standing_at(held_roles(user.role_assignments.all()), timezone.now())


def standing_at(held: Iterable[Held], at: datetime) -> Standing:
    """How roles, of one person or of many, stand on the day that a moment is at each site."""
    days = [(one, at.astimezone(one.assignment.site.zone).date()) for one in held]
    today = [(one, day) for one, day in days if one.assignment.span.holds(day)]
    pi_at = {(one.assignment.user_id, one.assignment.site_id) for one, _ in today if one.assignment.role == Role.PI}
    standing = Standing([], [])
    for (row, delegations), day in today:
        is_given = is_delegated(row.role, delegations, day, is_pi=(row.user_id, row.site_id) in pi_at)
        (standing.in_force if is_given else standing.undelegated).append(row)
    return standing


def held_roles(assignments: QuerySet[RoleAssignment]) -> list[Held]:
    """Those of the role assignments that were not ended, with their delegations, in one query."""
    path = "user__delegations"
    condition = Q(**{f"{path}__site": F("site"), f"{path}__role": F("role"), f"{path}__ended_at": None})
    rows = assignments.filter(ended_at=None).annotate(covering=FilteredRelation(path, condition=condition))
    rows = rows.annotate(delegated_from=F("covering__starts_on"), delegated_until=F("covering__ends_on"))
    found: dict[UUID, Held] = {}
    row: Any  # a row comes as often as it has delegations, with their days beside it
    for row in rows.select_related("site").order_by("starts_on", "role"):
        one = found.setdefault(row.pk, Held(row, []))
        if row.delegated_from is not None:
            one.delegations.append(Span(row.delegated_from, row.delegated_until))
    return list(found.values())
