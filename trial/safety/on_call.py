"""Who is on call, who comes after them, and what the screen says until somebody has been reached."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q, QuerySet

from trial.permissions import ACTIONS, Role
from trial.safety.models import Alert, OnCallShift, SafetyContact
from trial.safety.rules.roster import Span, gaps
from trial.users.models import RoleAssignment, Site, User

LOOK_AHEAD = timedelta(days=14)
ANSWERING = ACTIONS["safety.acknowledge"]


@dataclass(frozen=True)
class Contact:
    """Somebody to phone: name, number and what they are."""

    name: str
    phone: str
    what: str


@dataclass(frozen=True)
class Unreached:
    """An alert that nobody has answered, and whom to phone, the first first; `is_empty` when the roster names none."""

    alert: Alert
    contacts: tuple[Contact, ...]
    is_empty: bool


@dataclass(frozen=True)
class Gap:
    """A time at which nobody is on call at a site."""

    site: Site
    starts_at: datetime
    ends_at: datetime


def shifts(sites: Iterable[UUID], begins: datetime, ends: datetime) -> QuerySet[OnCallShift]:
    """The shifts that touch a span of time, in order, with their people."""
    rows = OnCallShift.objects.filter(site_id__in=sites, is_cancelled=False, starts_at__lt=ends, ends_at__gt=begins)
    return rows.select_related("person", "backup", "site").order_by("starts_at")


def on_call(site_id: UUID, at: datetime) -> OnCallShift | None:
    """The shift in which a moment lies."""
    return shifts([site_id], at, at + timedelta(microseconds=1)).first()


def may_answer(site: Site, on: datetime) -> QuerySet[User]:
    """The accounts that may acknowledge an alert at a site that day, PIs first: those who can be on call."""
    today = on.astimezone(site.zone).date()
    held = RoleAssignment.objects.filter(site=site, role__in=[role.value for role in ANSWERING], starts_on__lte=today)
    held = held.filter(Q(ends_on=None) | Q(ends_on__gte=today))
    return User.objects.filter(is_active=True, pk__in=held.values("user_id")).order_by("full_name")


def chain(site: Site, at: datetime) -> list[User]:
    """Who is told of an alert, in turn: on call, back-up, PI, then the others who may acknowledge it."""
    shift = on_call(site.pk, at)
    first = [person for person in (shift.person, shift.backup) if person is not None] if shift else []
    others = list(may_answer(site, at))
    pis = set(
        RoleAssignment.objects.filter(site=site, role=Role.PI.value, user__in=others).values_list("user_id", flat=True)
    )
    others.sort(key=lambda person: (person.pk not in pis, person.full_name))
    return list(dict.fromkeys([*first, *others]))


def unreached(alerts: Iterable[Alert], now: datetime) -> list[Unreached]:
    """Those alerts that nobody answered, each with whom to phone; two queries for any number of them."""
    waiting = [alert for alert in alerts if alert.is_unanswered]
    if not waiting:
        return []
    sites = {alert.site_id for alert in waiting}
    roster = {shift.site_id: shift for shift in shifts(sites, now, now + timedelta(microseconds=1))}
    emergency = {contact.site_id: contact for contact in SafetyContact.objects.filter(site_id__in=sites)}
    return [
        Unreached(
            alert,
            contacts_of(roster.get(alert.site_id), emergency.get(alert.site_id)),
            is_empty=alert.site_id not in roster,
        )
        for alert in waiting
    ]


def contacts_of(shift: OnCallShift | None, emergency: SafetyContact | None) -> tuple[Contact, ...]:
    """Whom to phone, in order: on call, back-up, the site's emergency number."""
    found = []
    if shift is not None:
        found.append(Contact(str(shift.person), shift.phone, "on call"))
        if shift.backup is not None:
            found.append(Contact(str(shift.backup), shift.backup_phone, "back-up"))
    if emergency is not None:
        found.append(Contact(emergency.answers, emergency.phone, "emergency number of the site"))
    return tuple(found)


def roster_gaps(sites: Iterable[UUID], now: datetime) -> list[Gap]:
    """When nobody is on call in the next 14 days, by site; two queries. Practice sites are not watched."""
    watched = list(Site.objects.filter(pk__in=sites, is_practice=False).order_by("code"))
    spans: dict[UUID, list[Span]] = defaultdict(list)
    for shift in shifts([site.pk for site in watched], now, now + LOOK_AHEAD):
        spans[shift.site_id].append((shift.starts_at, shift.ends_at))
    return [Gap(site, *span) for site in watched for span in gaps(spans[site.pk], now, now + LOOK_AHEAD)]


def sites_without_roster() -> list[str]:
    """Sites, but for those of practice, whose roster was never filled, by code."""
    filled = OnCallShift.objects.filter(is_cancelled=False).values("site_id")
    return list(
        Site.objects.filter(is_practice=False).exclude(pk__in=filled).order_by("code").values_list("code", flat=True)
    )
