"""The roster as a week is shown: per site and day who is on call, and where nobody is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from django.utils import timezone

from trial.safety.models import OnCallShift, SafetyContact
from trial.safety.on_call import Answering, covered, shifts
from trial.safety.rules.roster import Span, gaps, overlaps
from trial.users.models import Site

WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Week:
    """Seven days from a Monday, and the Mondays beside it."""

    begins: date

    @property
    def before(self) -> date:
        """The Monday before."""
        return self.begins - WEEK

    @property
    def after(self) -> date:
        """The Monday after."""
        return self.begins + WEEK

    @property
    def ends(self) -> date:
        """The Sunday."""
        return self.begins + WEEK - timedelta(days=1)


@dataclass(frozen=True)
class Day:
    """One day of a site: its shifts, the spans at which nobody is on call, and whose shifts leave one of them."""

    date: date
    shifts: tuple[OnCallShift, ...]
    gaps: tuple[Span, ...]
    barred: frozenset[UUID]


@dataclass(frozen=True)
class Roster:
    """A week of one site, and whom to phone when nobody is on call."""

    site: Site
    days: tuple[Day, ...]
    contact: SafetyContact | None


def today_at(sites: frozenset[UUID]) -> date:
    """The day it is at the sites; the earlier one while they differ, for its night is still to be covered."""
    return min(site.today for site in Site.objects.filter(pk__in=sites))


def week_of(day: date) -> Week:
    """The week of a day."""
    return Week(day - timedelta(days=day.weekday()))


def rosters(sites: frozenset[UUID], day: date) -> list[Roster]:
    """The week of a day for each site, in four queries."""
    week = week_of(day)
    margin = timedelta(days=1)  # no zone is further from UTC than a day
    begins = datetime.combine(week.begins, time(), tzinfo=UTC) - margin
    ends = begins + WEEK + 2 * margin
    answering, now = Answering(sites), timezone.now()
    found = [(shift, covered(shift, answering, now, ends)) for shift in shifts(sites, begins, ends)]
    contacts = {contact.site_id: contact for contact in SafetyContact.objects.filter(site_id__in=sites)}
    return [
        Roster(
            site, tuple(day_of(site, week.begins + timedelta(days=n), found) for n in range(7)), contacts.get(site.pk)
        )
        for site in Site.objects.filter(pk__in=sites).order_by("is_practice", "code")
    ]


def day_of(site: Site, on: date, found: list[tuple[OnCallShift, list[Span]]]) -> Day:
    """One day of a site, from midnight to midnight of its own clock."""
    begins = datetime.combine(on, time(), tzinfo=site.zone)
    ends = datetime.combine(on + timedelta(days=1), time(), tzinfo=site.zone)
    there = [one for one in found if one[0].site_id == site.pk]
    own = [one for one in there if overlaps((one[0].starts_at, one[0].ends_at), (begins, ends))]
    barred = [one.pk for one, spans in own if gaps(spans, max(one.starts_at, begins), min(one.ends_at, ends))]
    free = gaps([span for _, spans in own for span in spans], begins, ends)
    return Day(on, tuple(shift for shift, _ in own), free, frozenset(barred))


def next_span(site: Site, now: datetime) -> dict[str, datetime]:
    """Where the next shift may begin: at the end of the last one planned, else now; it lasts a day."""
    last = OnCallShift.objects.filter(site=site, is_cancelled=False, ends_at__gt=now).order_by("-ends_at").first()
    begins = last.ends_at if last else now.replace(minute=0, second=0, microsecond=0)
    return {"starts_at": begins, "ends_at": begins + timedelta(days=1)}


def state_of(shift: OnCallShift) -> dict[str, str]:
    """Whether a shift still stands, for a form that was opened while it did."""
    return {"In the roster": "no, taken out" if shift.is_cancelled else "yes"}


def words_of(shift: OnCallShift) -> dict[str, str]:
    """A shift in words, for a form that asks none of them."""
    people = {"On call": f"{shift.person}, {shift.phone}"}
    if shift.backup is not None:
        people["Back-up"] = f"{shift.backup}, {shift.backup_phone}"
    return {"From and to": span(shift), **people, **state_of(shift)}


def span(shift: OnCallShift) -> str:
    """From when to when a shift lasts, in site time."""
    starts, ends = shift.starts_at.astimezone(shift.site.zone), shift.ends_at.astimezone(shift.site.zone)
    return f"{starts:%Y-%m-%d %H:%M} to {ends:%Y-%m-%d %H:%M}"
