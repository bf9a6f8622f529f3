"""What the safety board is asked to show. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, Protocol, TypeVar
from uuid import UUID

# Departures of one kind from one ground, each within this time of the one before, are shown as one group.
REPEATS_WITHIN = timedelta(days=7)
SECTIONS = ("alerts", "deviations", "adverse_events")


@dataclass(frozen=True)
class BoardFilter:
    """A filter of the board: sections, open or all, part of a study id, a kind of deviation, what only."""

    section: str = ""
    everything: bool = False
    study_id: str = ""
    kind: str = ""
    only_important: bool = False
    only_unresolved: bool = False
    only_unreported: bool = False

    @classmethod
    def of(cls, asked: Mapping[str, str]) -> BoardFilter:
        """Read the filter from an address; what it does not know it leaves out."""
        section = asked.get("section", "")
        return cls(
            section=section if section in SECTIONS else "",
            everything=asked.get("show") == "all",
            study_id=asked.get("q", "").strip(),
            kind=asked.get("kind", ""),
            only_important=asked.get("important") == "1",
            only_unresolved=asked.get("unresolved") == "1",
            only_unreported=asked.get("unreported") == "1",
        )

    @property
    def is_of_deviations(self) -> bool:
        """Whether it asks what only deviations have."""
        return bool(self.kind) or self.only_important

    @property
    def is_of_events(self) -> bool:
        """Whether it asks what only adverse events have."""
        return self.only_unresolved or self.only_unreported

    def shows(self, section: str) -> bool:
        """Whether a section is asked for."""
        if self.is_of_deviations and section != "deviations":
            return False
        if self.is_of_events and section != "adverse_events":
            return False
        return self.section in ("", section)

    @property
    def shows_alerts(self) -> bool:
        """Whether alerts are asked for."""
        return self.shows("alerts")

    @property
    def shows_deviations(self) -> bool:
        """Whether deviations are asked for."""
        return self.shows("deviations")

    @property
    def shows_adverse_events(self) -> bool:
        """Whether adverse events are asked for."""
        return self.shows("adverse_events")

    @property
    def is_narrowed(self) -> bool:
        """Whether anything is left out besides what is closed."""
        return bool(self.section or self.study_id or self.is_of_deviations or self.is_of_events)


class Repeatable(Protocol):
    """What can repeat itself: a departure from a ground by a participant at a moment."""

    @property
    def participant_id(self) -> UUID: ...

    @property
    def kind(self) -> str: ...

    @property
    def ground(self) -> str: ...

    @property
    def occurred_at(self) -> datetime: ...


R = TypeVar("R", bound=Repeatable)


@dataclass(frozen=True)
class Group(Generic[R]):
    """Departures that repeat each other, the first of the list first."""

    rows: tuple[R, ...]

    @property
    def lead(self) -> R:
        """The one that stands for all."""
        return self.rows[0]

    @property
    def repeats(self) -> tuple[R, ...]:
        """The others."""
        return self.rows[1:]


def grouped(rows: Iterable[R]) -> list[Group[R]]:
    """Put rows that repeat each other together, each group where its first row stands; no ground, no repeat."""
    found = list(rows)
    chains: list[list[R]] = []
    last: dict[tuple[UUID, str, str], list[R]] = {}
    for row in sorted(found, key=lambda one: one.occurred_at):
        same = (row.participant_id, row.kind, row.ground)
        chain = last.get(same) if row.ground else None
        if chain is None or row.occurred_at - chain[-1].occurred_at > REPEATS_WITHIN:
            chain = last[same] = []
            chains.append(chain)
        chain.append(row)
    place = {id(row): number for number, row in enumerate(found)}
    ordered = [sorted(chain, key=lambda row: place[id(row)]) for chain in chains]
    return [Group(tuple(chain)) for chain in sorted(ordered, key=lambda chain: place[id(chain[0])])]
