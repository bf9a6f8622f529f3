"""Named reads of the delegation log and of training."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import Http404

from trial import protocol
from trial.permissions import Role
from trial.users.delegation.models import Delegation, Training
from trial.users.delegation.rules import DELEGATED, is_delegated, lacking, topics_needed
from trial.users.models import RoleAssignment, Site, User


class Lack(NamedTuple):
    """A person of a site, and the training that the roles of today need and that is not recorded or has lapsed."""

    user: User
    topics: list[str]


class SiteLog(NamedTuple):
    """The log of one site: its PIs, every line, who waits for a delegation, training, and what is lacking of it."""

    site: Site
    pis: list[RoleAssignment]
    lines: list[Delegation]
    waiting: list[RoleAssignment]
    trainings: list[Training]
    lacks: list[Lack]

    @property
    def unconfirmed(self) -> list[Delegation]:
        """Lines that were carried over and that no PI stands behind yet."""
        return [line for line in self.lines if line.ended_at is None and not line.is_confirmed]


def logs_at(sites: Collection[UUID]) -> list[SiteLog]:
    """The logs of the sites, by code."""
    return [log_of(site) for site in Site.objects.filter(pk__in=sites).order_by("code")]


def log_of(site: Site) -> SiteLog:
    """The log of a site as it stands today."""
    held = [row for row in _assignments(site) if row.user.is_active and row.span.holds(site.today)]
    lines = list(
        Delegation.objects.filter(site=site)
        .select_related("site", "user", "delegated_by", "ended_by")
        .order_by("starts_on", "user__full_name", "role")
    )
    trainings = list(
        Training.objects.filter(site=site)
        .select_related("user", "recorded_by")
        .order_by("user__full_name", "trained_on")
    )
    pis = [row for row in held if row.role == Role.PI]
    return SiteLog(site, pis, lines, _waiting(held, lines), trainings, _lacks(held, trainings))


def own_lacks(user: User) -> list[tuple[Site, list[str]]]:
    """What training a person's roles of today lack, site by site; sites where nothing is lacking are left out."""
    held = [*user.roles_in_force, *user.roles_undelegated]
    rows = list(Training.objects.filter(user=user, withdrawn_at=None))
    found = []
    for site in {row.site_id: row.site for row in held}.values():
        roles = [row.role for row in held if row.site_id == site.pk]
        if topics := _lacking(site, roles, [row for row in rows if row.site_id == site.pk]):
            found.append((site, topics))
    return found


def delegable(sites: Collection[UUID], besides: User) -> QuerySet[RoleAssignment]:
    """Roles at the sites that a PI may delegate: held by others with an open account, and not over."""
    rows = RoleAssignment.objects.filter(site_id__in=sites, role__in=DELEGATED, ended_at=None, user__is_active=True)
    return rows.exclude(user=besides).select_related("user", "site").order_by("user__full_name", "role")


def acting(site: Site, roles: Collection[str], since: datetime) -> QuerySet[User]:
    """People with an open account who, at some time from *since* to today, could act at a site in one of the roles.

    They held the role, and its duties were delegated to them or need no delegation.
    """
    first, own = since.astimezone(site.zone).date(), OuterRef("user")
    holding = Q(Q(ends_on=None) | Q(ends_on__gte=first), Q(ended_at=None) | Q(ended_at__gt=since))
    holding &= Q(starts_on__lte=site.today, site=site)
    as_pi = RoleAssignment.objects.filter(holding, user=own, role=Role.PI)
    delegated = Delegation.objects.filter(holding, user=own, role=OuterRef("role"))
    held = RoleAssignment.objects.filter(holding, user=OuterRef("pk"), role__in=roles)
    in_force = held.filter(~Q(role__in=DELEGATED) | Exists(delegated) | Exists(as_pi))
    return User.objects.filter(Exists(in_force), is_active=True)


def staff_of(sites: Collection[UUID]) -> QuerySet[User]:
    """People with an open account who hold or held a role at the sites."""
    there = RoleAssignment.objects.filter(site_id__in=sites).values("user_id")
    return User.objects.filter(pk__in=there, is_active=True).order_by("full_name")


def get_delegation(sites: Collection[UUID], pk: UUID) -> Delegation:
    """A line of the sites' logs; Http404 for another site's and a missing one alike."""
    row = Delegation.objects.select_related("site", "user").filter(pk=pk, site_id__in=sites).first()
    if row is None:
        raise Http404("No such delegation.")
    return row


def get_training(sites: Collection[UUID], pk: UUID) -> Training:
    """A training of the sites; Http404 for another site's and a missing one alike."""
    row = Training.objects.select_related("site", "user").filter(pk=pk, site_id__in=sites).first()
    if row is None:
        raise Http404("No such training.")
    return row


def _assignments(site: Site) -> QuerySet[RoleAssignment]:
    rows = RoleAssignment.objects.filter(site=site, ended_at=None).select_related("user", "site")
    return rows.order_by("user__full_name", "role")


def _waiting(held: list[RoleAssignment], lines: list[Delegation]) -> list[RoleAssignment]:
    pis = {row.user_id for row in held if row.role == Role.PI}
    found = []
    for row in held:
        spans = [line.span for line in lines if (line.user_id, line.role) == (row.user_id, row.role)]
        if not is_delegated(row.role, spans, row.site.today, is_pi=row.user_id in pis):
            found.append(row)
    return found


def _lacks(held: list[RoleAssignment], trainings: list[Training]) -> list[Lack]:
    roles: dict[User, list[str]] = defaultdict(list)
    for row in held:
        roles[row.user].append(row.role)
    found = []
    for user, names in roles.items():
        rows = [row for row in trainings if row.user_id == user.pk and row.withdrawn_at is None]
        if topics := _lacking(held[0].site, names, rows):
            found.append(Lack(user, topics))
    return found


def _lacking(site: Site, roles: Iterable[str], rows: Iterable[Training]) -> list[str]:
    version = protocol.in_force(site.today)
    needed = [topic for role in roles for topic in topics_needed(role, version)]
    return lacking(needed, [row.trained for row in rows], site.today)
