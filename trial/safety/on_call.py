"""Who is on call, who comes after them, and what the screen says until somebody has been reached.

Whoever may not acknowledge an alert now is neither told of it nor named, whatever the roster says.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from uuid import UUID

from django.db.models import QuerySet

from trial.participants.models import Participant
from trial.permissions import ACTIONS, Role
from trial.safety.models import Alert, OnCallShift, SafetyContact
from trial.safety.rules.roster import Span, gaps, overlaps
from trial.users.delegation.standing import Held, held_roles, standing_at
from trial.users.models import RoleAssignment, Site, User

LOOK_AHEAD = timedelta(days=14)
MOMENT = timedelta(microseconds=1)
ANSWERING = ACTIONS["safety.acknowledge"]


@dataclass(frozen=True)
class Contact:
    """Somebody to phone: name, number and what they are."""

    name: str
    phone: str
    what: str


@dataclass(frozen=True)
class Unreached:
    """An alert that nobody has answered, and whom to phone, the first first.

    `is_empty` when the roster names nobody who may answer now.
    """

    alert: Alert
    contacts: tuple[Contact, ...]
    is_empty: bool


@dataclass(frozen=True)
class Gap:
    """A time at which nobody is on call at a site; `planned` names those who are planned and may not answer then."""

    site: Site
    starts_at: datetime
    ends_at: datetime
    planned: str = ""


class Answering:
    """Who may acknowledge an alert at the sites: what the gate asks, read in one query for any number of people."""

    def __init__(self, sites: Iterable[UUID]) -> None:
        rows = RoleAssignment.objects.filter(site_id__in=sites, role__in=ANSWERING | {Role.PI}, user__is_active=True)
        self._held: dict[UUID, list[Held]] = defaultdict(list)
        for one in held_roles(rows.select_related("user")):
            self._held[one.assignment.site_id].append(one)

    def at(self, site_id: UUID, moment: datetime) -> list[User]:
        """Who may on the day that a moment is at the site, PIs first, then by name."""
        in_force = standing_at(self._held[site_id], moment).in_force
        pis = {row.user_id for row in in_force if row.role == Role.PI}
        people = {row.user for row in in_force if row.role in ANSWERING}
        return sorted(people, key=lambda person: (person.pk not in pis, person.full_name, person.username))


def shifts(sites: Iterable[UUID], begins: datetime, ends: datetime) -> QuerySet[OnCallShift]:
    """The shifts that touch a span of time, in order, with their people."""
    rows = OnCallShift.objects.filter(site_id__in=sites, is_cancelled=False, starts_at__lt=ends, ends_at__gt=begins)
    return rows.select_related("person", "backup", "site").order_by("starts_at")


def on_call(site_id: UUID, at: datetime) -> OnCallShift | None:
    """The shift in which a moment lies, whether or not its people may answer."""
    return shifts([site_id], at, at + MOMENT).first()


def may_answer(site: Site, on: datetime) -> list[User]:
    """The accounts that may acknowledge an alert at a site that day, PIs first: those who can be on call."""
    return Answering([site.pk]).at(site.pk, on)


def chain(site: Site, at: datetime) -> list[User]:
    """Who is told of an alert, in turn: on call, back-up, PI, then the others who may acknowledge it."""
    able = may_answer(site, at)
    shift = on_call(site.pk, at)
    planned = (shift.person, shift.backup) if shift else ()
    return list(dict.fromkeys([*(person for person in planned if person in able), *able]))


def unreached(alerts: Iterable[Alert], now: datetime) -> list[Unreached]:
    """Those alerts that nobody answered, each with whom to phone; three queries for any number of them."""
    waiting = [alert for alert in alerts if alert.is_unanswered]
    if not waiting:
        return []
    sites = {alert.site_id for alert in waiting}
    answering = Answering(sites)
    planned = {shift.site_id: shift for shift in shifts(sites, now, now + MOMENT)}
    roster = {site: on_shift(planned.get(site), answering.at(site, now)) for site in sites}
    emergency = {contact.site_id: contact for contact in SafetyContact.objects.filter(site_id__in=sites)}
    return [
        Unreached(
            alert,
            contacts_of(roster[alert.site_id], emergency.get(alert.site_id)),
            is_empty=not roster[alert.site_id],
        )
        for alert in waiting
    ]


def on_shift(shift: OnCallShift | None, able: Collection[User]) -> list[Contact]:
    """Those of a shift who may answer: on call, back-up."""
    if shift is None:
        return []
    named = ((shift.person, shift.phone, "on call"), (shift.backup, shift.backup_phone, "back-up"))
    return [Contact(str(person), phone, what) for person, phone, what in named if person in able]


def contacts_of(roster: Iterable[Contact], emergency: SafetyContact | None) -> tuple[Contact, ...]:
    """Whom to phone, in order: who is on call, then the site's emergency number."""
    if emergency is None:
        return tuple(roster)
    return (*roster, Contact(emergency.answers, emergency.phone, "emergency number of the site"))


def roster_gaps(sites: Iterable[UUID], now: datetime) -> list[Gap]:
    """When nobody is on call in the next 14 days, by site; three queries. Practice sites are not watched.

    A shift counts as far as its person may answer: one whose role, delegation or account has ended leaves a gap.
    """
    until = now + LOOK_AHEAD
    watched = list(Site.objects.filter(pk__in=sites, is_practice=False).order_by("code"))
    answering = Answering([site.pk for site in watched])
    planned: dict[UUID, list[OnCallShift]] = defaultdict(list)
    for shift in shifts([site.pk for site in watched], now, until):
        planned[shift.site_id].append(shift)
    found = []
    for site in watched:
        spans = [span for shift in planned[site.pk] for span in covered(shift, answering, now, until)]
        for gap in gaps(spans, now, until):
            names = [str(one.person) for one in planned[site.pk] if overlaps((one.starts_at, one.ends_at), gap)]
            found.append(Gap(site, *gap, planned=", ".join(dict.fromkeys(names))))
    return found


def covered(shift: OnCallShift, answering: Answering, now: datetime, until: datetime) -> list[Span]:
    """The parts of a shift, up to a moment, on whose days its person may answer; what has passed stays as planned."""
    ends = min(shift.ends_at, until)
    found = [(shift.starts_at, min(now, ends))] if shift.starts_at < now else []
    begins = max(shift.starts_at, now)
    while begins < ends:
        tomorrow = begins.astimezone(shift.site.zone).date() + timedelta(days=1)
        midnight = datetime.combine(tomorrow, time(), tzinfo=shift.site.zone).astimezone(UTC)
        if shift.person in answering.at(shift.site_id, begins):
            found.append((begins, min(midnight, ends)))
        begins = midnight
    return found


def sites_without_roster() -> list[str]:
    """Sites, but for those of practice, whose roster was never filled, by code."""
    filled = OnCallShift.objects.filter(is_cancelled=False).values("site_id")
    return list(
        Site.objects.filter(is_practice=False).exclude(pk__in=filled).order_by("code").values_list("code", flat=True)
    )


def unguarded_sites() -> list[str]:
    """Sites, by code, that nobody may be served with: no roster although people are registered, or no roster anywhere.

    A site that was made beside others and has nobody yet does not stop them; nobody is registered there before.
    """
    empty = sites_without_roster()
    if len(empty) == Site.objects.filter(is_practice=False).count():
        return empty
    peopled = Participant.objects.filter(site__code__in=empty).values_list("site__code", flat=True)
    return sorted(set(peopled))
