"""Whether a demo site's synthetic data are the cohort as it was loaded, which alone must give the published values."""

from __future__ import annotations

from enum import StrEnum


class Departure(StrEnum):
    """How the data depart from that cohort; real data, and the cohort itself, do not."""

    NONE = ""
    CHANGED = "changed"
    OTHER = "other"

    @property
    def badge(self) -> str:
        """In two or three words."""
        return {Departure.CHANGED: "demo data changed", Departure.OTHER: "practice data"}.get(self, "")

    @property
    def words(self) -> str:
        """Why the published values are not to be expected."""
        return {
            Departure.CHANGED: "Participants were added or changed on this demo site, so the synthetic cohort no "
            "longer gives the published values.",
            Departure.OTHER: "The participants of this demo site are for practice and not the synthetic cohort that "
            "gives the published values, so the values here differ from them.",
        }.get(self, "")
