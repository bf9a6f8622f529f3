"""What the safety board is asked to show. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

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
        )

    @property
    def is_of_deviations(self) -> bool:
        """Whether it asks what only deviations have."""
        return bool(self.kind) or self.only_important

    def shows(self, section: str) -> bool:
        """Whether a section is asked for."""
        if self.is_of_deviations and section != "deviations":
            return False
        if self.only_unresolved and section != "adverse_events":
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
        return bool(self.section or self.study_id or self.is_of_deviations or self.only_unresolved)
