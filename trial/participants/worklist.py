"""What is due and for whom: the reads of the Today page, the list and the timeline."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from trial.participants import queries
from trial.participants.models import Consent, Participant, Status, Visit
from trial.participants.screening import ScreeningForm, forms_for
from trial.protocol import Visit as PlannedVisit
from trial.records.events import ask
from trial.rules.schedule import Window, visit_state

ENDED = (Status.Value.LOST, Status.Value.WITHDREW, Status.Value.COMPLETED)
SCHEDULES = {"clinic": "Clinic visits", "phone": "Phone follow-up", "imaging": "Scans"}
COLOURS = {
    "in screening": "blue",
    "enrolled": "green",
    "infusion started": "orange",
    "completed": "green",
    "in follow-up": "blue",
    "granted": "green",
    "stopped early": "orange",
    "withdrew consent": "red",
    "lost to follow-up": "red",
    "refused": "red",
}


@dataclass(frozen=True)
class Badge:
    """A word and its colour."""

    text: str
    colour: str


@dataclass(frozen=True)
class Line:
    """One visit of the timeline: the row, its definition in the protocol, its window and how it stands."""

    visit: Visit
    plan: PlannedVisit
    window: Window | None
    badge: Badge


def latest_value(axis: str) -> Coalesce:
    """The latest status value of a participant on an axis, or an empty text."""
    rows = Status.objects.filter(participant=OuterRef("pk"), axis=axis).order_by("-occurred_at", "-entered_at")
    return Coalesce(Subquery(rows.values("value")[:1]), Value(""))


def followed(sites: frozenset[UUID]) -> QuerySet[Participant]:
    """Participants whose visits are still expected: an infusion that stopped changes nothing here."""
    rows = Participant.objects.filter(site_id__in=sites).annotate(
        enrolment=latest_value(Status.Axis.ENROLMENT), follow_up=latest_value(Status.Axis.FOLLOW_UP)
    )
    return rows.exclude(enrolment__in=queries.GONE).exclude(follow_up__in=ENDED)


def open_visits(sites: frozenset[UUID]) -> QuerySet[Visit]:
    """Visits not yet held nor missed of participants still followed, the most urgent first."""
    rows = Visit.objects.filter(state=Visit.State.PLANNED, participant__in=followed(sites).values("pk"))
    return rows.select_related("participant__site").order_by("closes_at", "participant__study_id")


def due_visits(sites: frozenset[UUID], now: datetime) -> QuerySet[Visit]:
    """Visits whose window is open now."""
    return open_visits(sites).filter(opens_at__lte=now, closes_at__gt=now)


def overdue_visits(sites: frozenset[UUID], now: datetime) -> QuerySet[Visit]:
    """Visits whose window closed without a word about them."""
    return open_visits(sites).filter(closes_at__lte=now)


def running_infusions(sites: frozenset[UUID]) -> QuerySet[Participant]:
    """Participants whose infusion has begun and not ended."""
    rows = queries.participants_at(sites).annotate(infusion=latest_value(Status.Axis.INFUSION))
    return rows.filter(infusion=Status.Value.STARTED)


def participant_rows(sites: frozenset[UUID], *, search: str = "", enrolment: str = "") -> QuerySet[Participant]:
    """Participants with ``status_<axis>``, ``has_consent``, ``next_code`` and ``next_due``, in one query."""
    planned = Visit.objects.filter(
        participant=OuterRef("pk"), state=Visit.State.PLANNED, due_at__isnull=False
    ).order_by("due_at")
    rows = queries.participants_at(sites).annotate(
        has_consent=Exists(Consent.objects.filter(participant=OuterRef("pk"))),
        next_code=Subquery(planned.values("code")[:1]),
        next_due=Subquery(planned.values("due_at")[:1]),
        **{f"status_{axis}": latest_value(axis) for axis in Status.Axis.values},
    )
    wanted = Q(study_id__icontains=search.strip()) if search.strip() else Q()
    return rows.filter(wanted & (Q(status_enrolment=enrolment) if enrolment else Q())).order_by("study_id")


def label_of(visit: Visit) -> str:
    """The visit's name in the protocol the participant is bound to."""
    return queries.protocol_of(visit.participant).visits[visit.code].label


def outcome_of(visit: Visit) -> str:
    """What the save at hand made of the visit, in words for its answer; empty when the visit stands as before."""
    if not visit.became_done:
        return ""
    label = label_of(visit)
    said = [f"{label} is now marked done"]
    if due := ask("infusion.measurements_due", visit=visit):
        said.append(f"still due: {', '.join(due).lower()}")
    words = f"{'; '.join(said)}."
    if visit.was_missed_for:
        words += f" It had been recorded as missed ({visit.was_missed_for}); that deviation is closed."
    return words


def next_label(row: Any) -> str:
    """The name of the next visit of a row of ``participant_rows``; empty when none is scheduled."""
    return queries.protocol_of(row).visits[row.next_code].label if row.next_code else ""


def badge_of(value: str) -> Badge:
    """A status value as a badge."""
    text = Status.Value(value).label
    return Badge(text, COLOURS.get(text, "secondary"))


def named_badge(axis: str, value: str) -> Badge:
    """A status as a badge that says of what it speaks where the word alone would not."""
    badge = badge_of(value)
    if value not in (Status.Value.COMPLETED, Status.Value.STOPPED_EARLY):
        return badge
    return Badge(f"{Status.Axis(axis).label} {badge.text}", badge.colour)


def badges_of_row(row: Any) -> list[Badge]:
    """The badges of a row of ``participant_rows``: the axes that are set, permissions only when refused."""
    if not row.has_consent:
        return [Badge("no consent yet", "yellow")]
    values = {axis: getattr(row, f"status_{axis}") for axis in Status.Axis.values}
    quiet = {Status.Axis.CONTACT: "no contact", Status.Axis.DATA: "data not to be used"}
    shown = [named_badge(axis, value) for axis, value in values.items() if value and axis not in quiet]
    return shown + [Badge(text, "red") for axis, text in quiet.items() if values[axis] == Status.Value.REFUSED]


def timeline(participant: Participant, now: datetime) -> list[tuple[str, list[Line]]]:
    """The participant's visits by schedule, each in the protocol's order."""
    plan, windows = queries.protocol_of(participant).visits, queries.windows_of(participant)
    lines = [
        Line(visit, plan[visit.code], window := windows.get(visit.code), visit_badge(visit, window, now))
        for visit in queries.visits_of(participant)
    ]
    places = list(SCHEDULES)
    lines.sort(key=lambda line: places.index(line.visit.schedule))
    return [(SCHEDULES[name], list(group)) for name, group in groupby(lines, key=lambda line: line.visit.schedule)]


HELD = {"early": Badge("done, early", "orange"), "late": Badge("done, late", "orange")}
EXPECTED = {
    "upcoming": Badge("upcoming", "blue"),
    "due": Badge("due", "yellow"),
    "overdue": Badge("due, past its day", "yellow"),
    "missed": Badge("overdue", "red"),
}


def visit_badge(visit: Visit, window: Window | None, now: datetime) -> Badge:
    """How a visit stands, in a word."""
    if visit.state == Visit.State.MISSED:
        return Badge("missed", "red")
    if visit.state == Visit.State.DONE:
        return HELD.get(visit_state(window, now, visit.done_at), Badge("done", "green"))
    return EXPECTED.get(visit_state(window, now), Badge("not scheduled yet", "secondary"))


@dataclass(frozen=True)
class ScreeningMark:
    """A screening form and when it was last filled in; None while it is missing."""

    form: ScreeningForm
    latest: datetime | None
    count: int


def screening_marks(participant: Participant) -> list[ScreeningMark]:
    """Every screening form of the cohort with its mark, in one query."""
    wanted = forms_for(participant.cohort)
    found = _entered(participant, wanted)
    return [ScreeningMark(form, max(found[form.slug], default=None), len(found[form.slug])) for form in wanted]


def _entered(participant: Participant, wanted: Iterable[ScreeningForm]) -> dict[str, list[datetime]]:
    parts = [
        form.model._default_manager.filter(participant=participant)
        .order_by()
        .annotate(slug=Value(form.slug))
        .values_list("slug", "occurred_at")
        for form in wanted
    ]
    found: dict[str, list[datetime]] = {form.slug: [] for form in wanted}
    for slug, occurred_at in parts[0].union(*parts[1:], all=True):
        found[slug].append(occurred_at)
    return found
