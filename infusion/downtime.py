"""What the ward needs on paper when the site is down: each running infusion, and what is due in the next day."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.resources import files
from typing import NamedTuple
from uuid import UUID

from django.template.loader import render_to_string
from django.utils.html import escape

from infusion import queries
from infusion.bedside import Bedside, bedside
from infusion.models import Infusion
from infusion.rules import next_vitals
from infusion.templatetags.doses import plain
from trial.participants.models import Participant, Visit
from trial.participants.queries import protocol_of, visits_of
from trial.users.models import Site

AHEAD = timedelta(hours=24)
MOST_READINGS = 48
BLANK_LINES = range(6)


class Task(NamedTuple):
    """One thing to do: when it is due (UTC), and what it is."""

    due_at: datetime
    words: str


@dataclass(frozen=True)
class Sheet:
    """One participant's paper: who, how the infusion stands, what is due, and when vital signs are."""

    participant: Participant
    now: Bedside
    tasks: tuple[Task, ...]
    readings: tuple[datetime, ...]


def sheets(sites: Collection[UUID], at: datetime, besides: Collection[UUID] = ()) -> list[Sheet]:
    """A sheet for every infusion that runs at some sites, by study id; without those of the participants *besides*."""
    running = Infusion.objects.filter(ended_at=None, participant__site_id__in=sites)
    running = running.exclude(participant_id__in=besides)
    found = running.select_related("participant__site").order_by("participant__study_id")
    return [sheet(infusion.participant, at) for infusion in found]


def sheet(participant: Participant, at: datetime) -> Sheet:
    """The sheet of a participant whose infusion runs."""
    now = bedside(participant, at)
    return Sheet(participant, now, tuple(sorted(_tasks(participant, now, at))), tuple(_readings(participant, now, at)))


def _tasks(participant: Participant, now: Bedside, at: datetime) -> Iterator[Task]:
    until, rules = at + AHEAD, protocol_of(participant)
    if now.step is not None and now.step.due_at < until:
        yield Task(now.step.due_at, f"Next step: {plain(now.step.rate)} mg/kg/h, if tolerated and ordered")
    for visit in visits_of(participant):
        if visit.state != Visit.State.PLANNED or visit.due_at is None or visit.due_at >= until:
            continue
        if visit.closes_at is not None and visit.closes_at < at:
            continue
        open_ones = [due.label for due in queries.measurements_due(visit) if due.taken_at is None]
        named = f": {', '.join(open_ones)}" if open_ones else ""
        yield Task(visit.due_at, f"{rules.visits[visit.code].label}{named}")


def _readings(participant: Participant, now: Bedside, at: datetime) -> Iterator[datetime]:
    """When vital signs are due until a day from now, as long as the rate stays: one awake reading after the other."""
    if now.infusion is None:
        return
    course, rules = queries.course_of(now.infusion), protocol_of(participant)
    last, alarming = (now.vitals.occurred_at if now.vitals else None), bool(now.alarms)
    for _ in range(MOST_READINGS):
        due = max(next_vitals(course, last, alarming, rules).awake, at)
        if due >= at + AHEAD:
            return
        yield due
        last, alarming = due, False


def page_of(site: Site, at: datetime) -> bytes:
    """A site's sheets as one HTML file that needs nothing else: styles inside, nothing fetched."""
    markup = render_to_string("infusion/_downtime.html", frame([site.pk], at))
    styles = files("infusion").joinpath("static/infusion/downtime.css").read_text(encoding="utf-8")
    title = escape(f"Downtime sheets {site.code}")
    head = (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>body {{ font-family: sans-serif; margin: 1rem; }}\n{styles}</style>"
    )
    return (
        f'<!doctype html>\n<html lang="en"><head>{head}</head><body><h1>{title}</h1>{markup}</body></html>\n'.encode()
    )


def frame(sites: Collection[UUID], at: datetime, besides: Collection[UUID] = ()) -> dict[str, object]:
    """What the template of the sheets shows."""
    return {"sheets": sheets(sites, at, besides), "made_at": at, "blank_lines": BLANK_LINES}
