"""What the door hands over: the clinical tables as they stand at one moment, one frame per table."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields
from datetime import datetime
from typing import NamedTuple

import pandas as pd

from trial import protocol

# How often the demo's loader saves a row itself; everywhere else once. A row saved more often was corrected.
LOADER_SAVES = {"participants": 2, "visits": 4, "infusions": 2}
DEMO = "demo"


NO_FRAMES = ("data_cut", "is_cohort", "freeze", "signatures")


class Freeze(NamedTuple):
    """When the data were frozen and by whom, the last audit entry before, and how many rows came or changed after."""

    at: datetime
    by: str
    last_entry: int
    late: int

    @property
    def words(self) -> str:
        """The freeze as a report says it."""
        left_out = (
            f" Events and deviations recorded or changed since, and not in this report as such: {self.late}."
            if self.late
            else ""
        )
        return (
            f"Final: the data were frozen {self.at:%Y-%m-%d %H:%M} UTC by {self.by}, after audit entry "
            f"{self.last_entry}.{left_out}"
        )


class Signed(NamedTuple):
    """An electronic signature and how it stood at the cut, or at the freeze: valid, void or broken.

    kind: what kind of thing is signed; subject: the very one. since: the change that made it void, in UTC.
    """

    subject: str
    kind: str
    is_protocol: bool
    signer: str
    roles: str
    meaning: str
    at: datetime
    content_sha256: str
    standing: str
    since: datetime | None = None


@dataclass(frozen=True, eq=False)
class Extracts:
    """Raw frames: columns as the tables', rows in order of entry, nothing derived. Times are UTC.

    freeze: the freeze of the trial in force at the cut; events and deviations are then as they stood at it.
    is_cohort: the site is the one into which the demo loads the cohort that gives the published values.
    signatures: those given at the site by the cut or the freeze, in order of time; about the data, not part of them.
    """

    participants: pd.DataFrame
    demographics: pd.DataFrame
    consents: pd.DataFrame
    statuses: pd.DataFrame
    eligibility: pd.DataFrame
    antidepressant_trials: pd.DataFrame
    infusions: pd.DataFrame
    rates: pd.DataFrame
    assessments: pd.DataFrame
    vitals: pd.DataFrame
    side_effects: pd.DataFrame
    serum: pd.DataFrame
    sessions: pd.DataFrame
    volumes: pd.DataFrame
    networks: pd.DataFrame
    visits: pd.DataFrame
    adverse_events: pd.DataFrame
    deviations: pd.DataFrame
    data_cut: datetime
    is_cohort: bool = True
    freeze: Freeze | None = None
    signatures: tuple[Signed, ...] = ()

    def frames(self) -> dict[str, pd.DataFrame]:
        """Every frame by name, in the order of the fields."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name not in NO_FRAMES}

    def sha256(self) -> str:
        """Hex digest of the content of all frames; the moment of reading does not enter it."""
        digest = hashlib.sha256()
        for name, frame in self.frames().items():
            digest.update(f"{name}:{len(frame)}\n".encode())
            digest.update(frame.to_csv(index=False).encode())
        return digest.hexdigest()

    @property
    def protocol_version(self) -> str:
        """The version that the analysis follows: the newest a participant is bound to, without any the one in force."""
        bound = set(self.participants["protocol_version"])
        return protocol.newest(bound) if bound else protocol.in_force(self.data_cut.date())

    @property
    def is_synthetic(self) -> bool:
        """True when any participant is synthetic demo data: then every page must say so."""
        return bool((self.participants["origin"] == DEMO).any())

    @property
    def is_by_hand(self) -> bool:
        """True when a record was entered or corrected by somebody: synthetic data are then no more as loaded."""
        return any(_by_hand(frame, LOADER_SAVES.get(name, 1)) for name, frame in self.frames().items())


def _by_hand(frame: pd.DataFrame, saves: int) -> bool:
    is_entered = "origin" in frame and bool((frame["origin"] != DEMO).any())
    return is_entered or ("version" in frame and bool((frame["version"] > saves).any()))
