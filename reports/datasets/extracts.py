"""What the door hands over: the clinical tables as they stand at one moment, one frame per table."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields
from datetime import datetime

import pandas as pd


@dataclass(frozen=True, eq=False)
class Extracts:
    """Raw frames: columns as the tables', rows in order of entry, nothing derived. Times are UTC."""

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

    def frames(self) -> dict[str, pd.DataFrame]:
        """Every frame by name, in the order of the fields."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name != "data_cut"}

    def sha256(self) -> str:
        """Hex digest of the content of all frames; the moment of reading does not enter it."""
        digest = hashlib.sha256()
        for name, frame in self.frames().items():
            digest.update(f"{name}:{len(frame)}\n".encode())
            digest.update(frame.to_csv(index=False).encode())
        return digest.hexdigest()

    @property
    def is_synthetic(self) -> bool:
        """True when any participant is synthetic demo data: then every page must say so."""
        return bool((self.participants["origin"] == "demo").any())
