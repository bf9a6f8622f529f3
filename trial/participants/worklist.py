"""What is due and for whom: the reads of the Today page, the list and the timeline."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import cache
from itertools import groupby
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Case, Exists, F, OrderBy, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce

from trial import protocol
from trial.participants import queries
from trial.participants.models import Cohort, Consent, Participant, Status, Visit
from trial.participants.screening import ScreeningForm, forms_for
from trial.protocol import Visit as PlannedVisit
from trial.records.events import ask
from trial.rules.schedule import Window, visit_state

ENDED = (Status.Value.LOST, Status.Value.WITHDREW, Status.Value.COMPLETED)
NO_CONSENT = "no_consent"
SORTS = {"study_id": "study_id", "status": "status_enrolment", "next": "next_due"}
SORT_CHOICES = (
    ("study_id", "study id"),
    ("-study_id", "study id, last first"),
    ("status", "status"),
    ("next", "next visit, soonest first"),
    ("-next", "next visit, latest first"),
)
SCANS = "imaging"
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


def planned_visits() -> QuerySet[Visit]:
    """Visits neither held nor missed, without those of an infusion that had stopped early by then."""
    stops = Status.objects.filter(
        participant=OuterRef("participant"), axis=Status.Axis.INFUSION, value=Status.Value.STOPPED_EARLY
    )
    rows = Visit.objects.filter(state=Visit.State.PLANNED).annotate(
        stopped_at=Subquery(stops.values("occurred_at")[:1])
    )
    apart = Q(stopped_at=None) | ~Q(code__in=visits_of_infusion()) | Q(due_at__lte=F("stopped_at"))
    return rows.filter(apart)


@cache
def visits_of_infusion() -> tuple[str, ...]:
    """Codes of the visits counted from the start of the infusion, under any version of the protocol."""
    plans = (protocol.for_version(version) for version in protocol.versions())
    return tuple({visit.code for plan in plans for visit in plan.visits.values() if visit.anchor == "infusion_start"})


def open_visits(sites: frozenset[UUID], only_scans_at: frozenset[UUID] = frozenset()) -> QuerySet[Visit]:
    """Visits not yet held nor missed of participants still followed, the most urgent first.

    At the sites *only_scans_at* the reader has to do with the scans alone.
    """
    rows = planned_visits().filter(participant__in=followed(sites).values("pk"))
    rows = rows.filter(~Q(site_id__in=only_scans_at) | Q(schedule=SCANS))
    return rows.select_related("participant__site").order_by("closes_at", "participant__study_id")


def due_visits(sites: frozenset[UUID], now: datetime, only_scans_at: frozenset[UUID] = frozenset()) -> QuerySet[Visit]:
    """Visits whose window is open now."""
    return open_visits(sites, only_scans_at).filter(opens_at__lte=now, closes_at__gt=now)


def overdue_visits(
    sites: frozenset[UUID], now: datetime, only_scans_at: frozenset[UUID] = frozenset()
) -> QuerySet[Visit]:
    """Visits whose window closed without a word about them."""
    return open_visits(sites, only_scans_at).filter(closes_at__lte=now)


def edge(at: datetime, zone: ZoneInfo) -> str:
    """The end of a window in site time: the date alone where it is the end of a day."""
    local = at.astimezone(zone)
    return f"{local:%Y-%m-%d}" if local.time() == time() else f"{local:%Y-%m-%d %H:%M}"


def window_words(window: Window, zone: ZoneInfo) -> str:
    """From when to when a visit can be held, in site time; whole days as days."""
    last = window.closes.astimezone(zone)
    if window.visit.whole_dates:
        return f"{window.opens.astimezone(zone):%Y-%m-%d} to {last - timedelta(microseconds=1):%Y-%m-%d}"
    return f"{window.opens.astimezone(zone):%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M}"


def overdue_words(visit: Visit, now: datetime) -> str:
    """Since when a visit is overdue, in site time."""
    if visit.closes_at is None:
        return ""
    days = (now - visit.closes_at).days
    ago = f", {days} day{'' if days == 1 else 's'}" if days else ""
    return f"overdue since {edge(visit.closes_at, visit.participant.site.zone)}{ago}"


def due_words(visit: Visit, now: datetime) -> str:
    """Until when a visit can be held, in site time; the end of a day is said as that day."""
    if visit.closes_at is None:
        return ""
    zone = visit.participant.site.zone
    last = visit.closes_at - timedelta(microseconds=1)
    is_end_of_day = visit.closes_at.astimezone(zone).time() == time()
    until = f"{last.astimezone(zone):%Y-%m-%d}" if is_end_of_day else edge(visit.closes_at, zone)
    return f"until {until}"


@dataclass(frozen=True)
class Following:
    """When a participant left and when the infusion stopped early, if they did."""

    left_at: datetime | None
    stopped_at: datetime | None

    def badge(self, visit: Visit) -> Badge | None:
        """How a visit stands that is no longer to be held; None for one that is, and for one held or missed."""
        if visit.state != Visit.State.PLANNED:
            return None
        if self.left_at is not None and visit.closes_at is not None and visit.closes_at <= self.left_at:
            return Badge("not recorded", "yellow")
        if self.left_at is not None or self._was_to_be_after_the_stop(visit):
            return Badge("not expected", "secondary")
        return None

    def _was_to_be_after_the_stop(self, visit: Visit) -> bool:
        if self.stopped_at is None or visit.due_at is None or visit.code not in visits_of_infusion():
            return False
        return visit.due_at > self.stopped_at


def following_of(participant: Participant) -> Following:
    """How the participant is followed, by the current statuses."""
    now = queries.current_statuses(participant)

    def when(axis: str, *values: str) -> datetime | None:
        status = now.get(axis)
        return status.occurred_at if status is not None and status.value in values else None

    left = (when(Status.Axis.ENROLMENT, *queries.GONE), when(Status.Axis.FOLLOW_UP, *ENDED))
    left_at = min((at for at in left if at is not None), default=None)
    return Following(left_at, when(Status.Axis.INFUSION, Status.Value.STOPPED_EARLY))


def running_infusions(sites: frozenset[UUID]) -> QuerySet[Participant]:
    """Participants whose infusion has begun and not ended."""
    rows = queries.participants_at(sites).annotate(infusion=latest_value(Status.Axis.INFUSION))
    return rows.filter(infusion=Status.Value.STARTED)


def participant_rows(
    sites: frozenset[UUID], *, search: str = "", enrolment: str = "", sort: str = "study_id"
) -> QuerySet[Participant]:
    """Participants with statuses and the next visit, in one query.

    Each has ``status_<axis>``, ``has_consent``, ``has_open_visits``, ``has_held_visits``, ``next_code``, ``next_due``
    and ``next_closes``; who has left has no next visit. *enrolment* is a status or NO_CONSENT, *sort* a key of SORTS,
    "-" before it for the other way round.
    """
    mine = planned_visits().filter(participant=OuterRef("pk"))
    expected = mine.filter(due_at__isnull=False).order_by("due_at")
    rows = queries.participants_at(sites).annotate(
        has_consent=Exists(Consent.objects.filter(participant=OuterRef("pk"))),
        has_open_visits=Exists(mine),
        has_held_visits=Exists(Visit.objects.filter(participant=OuterRef("pk"), state=Visit.State.DONE)),
        **{f"status_{axis}": latest_value(axis) for axis in Status.Axis.values},
    )
    has_left = Q(status_enrolment__in=queries.GONE) | Q(status_follow_up__in=ENDED)
    rows = rows.annotate(
        next_code=Case(When(has_left, then=None), default=Subquery(expected.values("code")[:1])),
        next_due=Case(When(has_left, then=None), default=Subquery(expected.values("due_at")[:1])),
        next_closes=Case(When(has_left, then=None), default=Subquery(expected.values("closes_at")[:1])),
    )
    wanted = Q(study_id__icontains=search.strip()) if search.strip() else Q()
    if enrolment == NO_CONSENT:
        wanted &= Q(has_consent=False)
    elif enrolment:
        wanted &= Q(status_enrolment=enrolment)
    return rows.filter(wanted).order_by(*ordering(sort))


def ordering(sort: str) -> list[OrderBy]:
    """The order of a column of the list; rows without a value come last both ways, equal ones by study id."""
    column = F(SORTS.get(sort.removeprefix("-"), "study_id"))
    first = column.desc(nulls_last=True) if sort.startswith("-") else column.asc(nulls_last=True)
    return [first, F("study_id").asc()]


def label_of(visit: Visit) -> str:
    """The visit's name in the protocol version it is bound to."""
    return queries.protocol_at(visit).visits[visit.code].label


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


def badges_of_row(row: Any, *, is_blinded: bool = False) -> list[Badge]:
    """The badges of a row of ``participant_rows``: the axes that are set, permissions only when refused.

    is_blinded: for a rater who is kept from the treatment, and so from how the infusion stands.
    """
    if not row.has_consent:
        return [Badge("no consent yet", "yellow")]
    values = {axis: getattr(row, f"status_{axis}") for axis in Status.Axis.values}
    if row.cohort == Cohort.CONTROL and values[Status.Axis.ENROLMENT] == Status.Value.SCREENING:
        # Nobody decides on a control's eligibility for an infusion: after consent a control is scanned, no more.
        if not row.has_open_visits:
            return [Badge("scans done", "green")]
        return [Badge("partly scanned" if row.has_held_visits else "to be scanned", "blue")]
    quiet = {Status.Axis.CONTACT: "no contact", Status.Axis.DATA: "data not to be used"}
    kept = {*quiet, Status.Axis.INFUSION} if is_blinded else {*quiet}
    shown = [named_badge(axis, value) for axis, value in values.items() if value and axis not in kept]
    return shown + [Badge(text, "red") for axis, text in quiet.items() if values[axis] == Status.Value.REFUSED]


def timeline(participant: Participant, now: datetime) -> list[tuple[str, list[Line]]]:
    """The participant's visits by schedule, each in the protocol's order."""
    visits = queries.visits_of(participant)
    windows, following = queries.windows_of(participant, visits), following_of(participant)
    lines = [
        Line(
            visit,
            queries.protocol_at(visit).visits[visit.code],
            window := windows.get(visit.code),
            following.badge(visit) or visit_badge(visit, window, now),
        )
        for visit in visits
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
