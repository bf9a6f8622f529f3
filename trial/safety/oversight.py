"""What a safety board (DSMB) is shown: exposure, adverse events by term and grade, serious ones, deviations by kind.

Every number is of what had happened by the data cut, as it is recorded now. Study ids only; it is not
for a rater whom the protocol keeps from the treatment of somebody at one of the sites.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from trial.records.events import Exposure, ask
from trial.safety.models import CRITERIA, AdverseEvent, Deviation, SeriousEventReport
from trial.safety.rules.clocks import SUSPECTED
from trial.users.models import Site

Cell = str | int | float
HEADINGS = {
    "SITEID": "site",
    "USUBJID": "participant",
    "AETERM": "event",
    "AETOXGR": "grade",
    "AESDTH": "death",
    "AESLIFE": "life-threatening",
    "AESHOSP": "hospital stay",
    "AESDISAB": "incapacity",
    "AESCONG": "birth defect",
    "AESMIE": "other important",
    "AESTDTC": "began",
    "AEENDTC": "ended",
    "AEREL": "caused by",
    "AEACN": "done with",
    "AEOUT": "outcome",
    "DVCAT": "kind",
}
DRUGS = ("ketamine", "clonidine", "procedure")


@dataclass(frozen=True)
class Listing:
    """One table of the board: a code, its title, the columns and the rows."""

    part: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    @property
    def headings(self) -> list[str]:
        """The columns in a reader's words; the file that is handed out names them by CDISC's."""
        return [heading_of(column) for column in self.columns]


def heading_of(column: str) -> str:
    """A column as it is read: the first word of it may be a variable of SDTM."""
    first, _, rest = column.partition(" ")
    return f"{HEADINGS.get(first, first)} {rest}".strip()


def watched(sites: frozenset[UUID], code: str = "") -> list[Site]:
    """The sites listed: the one asked for, else all but those of practice, which stand where there is no other."""
    found = list(Site.objects.filter(pk__in=sites).order_by("code"))
    if code:
        return [site for site in found if site.code == code]
    return [site for site in found if not site.is_practice] or found


def listings(sites: Iterable[Site], until: datetime) -> list[Listing]:
    """The four tables, each site in its own rows and all sites together where there are several."""
    chosen = list(sites)
    events = list(
        AdverseEvent.objects.filter(site__in=chosen, occurred_at__lt=until)
        .select_related("participant__site")
        .order_by("site__code", "term", "grade", "occurred_at")
    )
    return [exposure(chosen, until), by_term(chosen, events), serious(events), deviations(chosen, until)]


def exposure(sites: list[Site], until: datetime) -> Listing:
    """Participants who started and completed the infusion, and hours from start to end or to the cut."""
    found: dict[UUID, Exposure] = ask("infusion.exposure", sites=[site.pk for site in sites], until=until)
    counted = [(site.code, found.get(site.pk, Exposure(0, 0, 0.0))) for site in sites]
    if len(sites) > 1:
        started, completed = (sum(one[number] for _, one in counted) for number in (0, 1))
        counted.append(("all", Exposure(int(started), int(completed), sum(one.hours for _, one in counted))))
    shown = tuple((code, one.started, one.completed, round(one.hours, 1)) for code, one in counted)
    return Listing("exposure", "Exposure", ("SITEID", "infusions started", "completed", "hours infused"), shown)


def by_term(sites: list[Site], events: list[AdverseEvent]) -> Listing:
    """Events and participants by term and grade, with how many may be caused by what."""
    groups: dict[tuple[str, str, int], list[AdverseEvent]] = defaultdict(list)
    for event in events:
        groups[event.participant.site.code, event.term.strip().lower(), event.grade].append(event)
        if len(sites) > 1:
            groups["all", event.term.strip().lower(), event.grade].append(event)
    order = {site.code: number for number, site in enumerate(sites)}
    rows: list[tuple[Cell, ...]] = [
        (code, term, grade, len(found), len({event.participant_id for event in found}), *related(found))
        for (code, term, grade), found in sorted(
            groups.items(), key=lambda item: (order.get(item[0][0], 999), *item[0][1:])
        )
    ]
    columns = ("SITEID", "AETERM", "AETOXGR", "events", "participants", *(f"related to {drug}" for drug in DRUGS))
    return Listing("events", "Adverse events by term, grade and relatedness", (*columns, "serious"), tuple(rows))


def related(events: list[AdverseEvent]) -> tuple[int, ...]:
    """How many may be caused by each drug and by a procedure (possible or more, or not judged), and are serious."""
    caused = (sum(getattr(event, f"{drug}_causality") in SUSPECTED for event in events) for drug in DRUGS)
    return (*caused, sum(event.is_serious for event in events))


def serious(events: list[AdverseEvent]) -> Listing:
    """Every serious event on its line, in site time."""
    listed = [event for event in events if event.is_serious]
    reported: dict[UUID, datetime] = {}
    for report in SeriousEventReport.objects.filter(event__in=listed).order_by("-occurred_at"):
        reported[report.event_id] = report.occurred_at
    columns = ("SITEID", "USUBJID", "AETERM", "AETOXGR", *CRITERIA, "details", "AESTDTC", "aware", "first reported")
    columns += (
        "AEENDTC",
        *(f"AEREL {drug}" for drug in DRUGS),
        "AEACN ketamine",
        "AEACN clonidine",
        "expected",
        "AEOUT",
    )
    rows = tuple(line(event, reported.get(event.pk)) for event in listed)
    return Listing("serious", "Serious adverse events", columns, rows)


def line(event: AdverseEvent, reported_at: datetime | None) -> tuple[Cell, ...]:
    """The line of one serious event."""
    zone = event.participant.site.zone

    def at(moment: datetime | None) -> str:
        return "" if moment is None else f"{moment.astimezone(zone):%Y-%m-%d %H:%M}"

    return (
        event.participant.site.code,
        event.participant.study_id,
        event.term,
        event.grade,
        *("Y" if getattr(event, name) else "N" for name in CRITERIA.values()),
        event.seriousness,
        at(event.occurred_at),
        at(event.aware_at),
        at(reported_at),
        at(event.ended_at),
        *(getattr(event, f"get_{drug}_causality_display")() for drug in DRUGS),
        event.get_ketamine_action_display(),
        event.get_clonidine_action_display(),
        event.expectedness,
        event.get_outcome_code_display() or event.outcome,
    )


def deviations(sites: list[Site], until: datetime) -> Listing:
    """Deviations by kind: all that hold, the important ones, and those still open."""
    counts: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    rows: Any = Deviation.objects.filter(site__in=sites, occurred_at__lt=until, is_void=False)
    for code, kind, is_important, closed_at in rows.values_list("site__code", "kind", "is_important", "closed_at"):
        for place in (code, "all") if len(sites) > 1 else (code,):
            counts[place, kind].update({"all": 1, "important": is_important, "open": closed_at is None})
    places = [site.code for site in sites] + (["all"] if len(sites) > 1 else [])
    listed: list[tuple[Cell, ...]] = [
        (place, str(kind.label), *(counts[place, kind.value][name] for name in ("all", "important", "open")))
        for place in places
        for kind in Deviation.Kind
        if (place, kind.value) in counts
    ]
    return Listing(
        "deviations", "Deviations by kind", ("SITEID", "DVCAT", "deviations", "important", "open"), tuple(listed)
    )
