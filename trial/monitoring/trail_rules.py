"""What a reviewer of the audit trail should look at. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

# Proposed for the monitoring plan: how often the trail is reviewed, and which hours of the site count as night.
REVIEW_EVERY = timedelta(days=30)
NIGHT_FROM, NIGHT_UNTIL = time(22), time(6)
SYSTEM, GIVEN = "system:", "Reason given: "
BY_HAND = ("form", "phone")
GLASS_BROKEN = "contacts.breakglass"
MOST_SHOWN = 20

KINDS: dict[str, tuple[str, str]] = {
    "outcomes": (
        "Corrections of primary outcomes",
        "What decides a primary outcome was changed.",
    ),
    "corrections": ("Corrections of clinical records", "What was entered was changed afterwards, with the reason."),
    "overrides": ("Limits passed with a reason", "A limit of the protocol was passed, and the reason was given."),
    "late": ("Entered late", "Typed in later than the protocol lets pass after it happened."),
    "night": ("Changed at night", "Changed between 22:00 and 06:00 at the site."),
    "emergency": ("Emergency access", "Somebody opened what their role does not show."),
    "tampered": ("Failed verification", "An entry does not carry the hash of its own content. Call the administrator."),
}


class Entry(NamedTuple):
    """One entry of the trail as a review reads it.

    ``label`` is its model's in lower case, ``at`` in UTC; ``is_whole`` says that it carries its content's hash.
    """

    id: int
    label: str
    row_id: str
    op: str
    at: datetime
    actor: str
    reason: str
    old: Mapping[str, Any]
    new: Mapping[str, Any]
    is_whole: bool


@dataclass(frozen=True)
class Reading:
    """By what entries are read: the site's zone, what counts as late, and which tables are clinical.

    ``instruments`` are the scales, ``outcome_tables`` the tables whose values are primary outcomes.
    """

    zone: ZoneInfo
    late_after: timedelta
    clinical: frozenset[str]
    instruments: frozenset[str]
    outcome_tables: frozenset[str]


@dataclass
class Review:
    """What a stretch of the trail holds: entries of each kind, the first of them, and corrections by person."""

    entries: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    shown: dict[str, list[Entry]] = field(default_factory=dict)
    by_person: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, entry: Entry, reading: Reading) -> None:
        """Count an entry under every kind it belongs to."""
        self.entries += 1
        for kind in kinds_of(entry, reading):
            self.counts[kind] += 1
            shown = self.shown.setdefault(kind, [])
            if len(shown) < MOST_SHOWN:
                shown.append(entry)
            if kind == "corrections":
                self.by_person[entry.actor, entry.label] += 1

    def numbers(self) -> dict[str, int]:
        """The counts as they are kept with the review."""
        return {"entries": self.entries, **{kind: self.counts[kind] for kind in KINDS}}


def kinds_of(entry: Entry, reading: Reading) -> Iterable[str]:
    """The kinds that an entry belongs to, in the order of KINDS."""
    is_change = is_correction(entry) and entry.label in reading.clinical and not entry.actor.startswith(SYSTEM)
    if is_change and is_outcome(entry, reading):
        yield "outcomes"
    if is_change:
        yield "corrections"
    if entry.op == "I" and entry.label == "safety.deviation" and GIVEN in str(entry.new.get("summary", "")):
        yield "overrides"
    if is_late(entry, reading):
        yield "late"
    if is_change and is_night(entry.at.astimezone(reading.zone).time()):
        yield "night"
    if entry.op == "I" and entry.label == GLASS_BROKEN:
        yield "emergency"
    if not entry.is_whole:
        yield "tampered"


def is_correction(entry: Entry) -> bool:
    """Whether something that was there reads otherwise now; to fill in what was empty is no correction."""
    was = {name: value for name, value in entry.old.items() if name != "version" and value not in (None, "", {})}
    return entry.op == "U" and any(entry.new.get(name) != value for name, value in was.items())


def is_outcome(entry: Entry, reading: Reading) -> bool:
    """Whether a change is one of a primary outcome's values."""
    if entry.label in reading.outcome_tables:
        return True
    is_rating = entry.new.get("instrument") in reading.instruments
    return is_rating and any(entry.old.get(name) != entry.new.get(name) for name in ("scores", "total", "occurred_at"))


def is_late(entry: Entry, reading: Reading) -> bool:
    """Whether a record was typed by hand so long after it happened that the protocol calls it late."""
    if entry.op != "I" or entry.label not in reading.clinical or entry.new.get("origin") not in BY_HAND:
        return False
    happened = moment(entry.new.get("occurred_at"))
    return happened is not None and entry.at - happened > reading.late_after


def is_night(clock: time) -> bool:
    """Whether a time of day at the site is at night."""
    return clock >= NIGHT_FROM or clock < NIGHT_UNTIL


def moment(text: object) -> datetime | None:
    """A moment as the trail holds it on either engine, in UTC; None for none."""
    if not isinstance(text, str) or not text:
        return None
    found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return found if found.tzinfo else found.replace(tzinfo=ZoneInfo("UTC"))


def next_due(reviewed_on: date) -> date:
    """When the next review is due."""
    return reviewed_on + REVIEW_EVERY
