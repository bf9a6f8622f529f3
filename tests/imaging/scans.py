"""Sessions and files for the tests."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from imaging import services
from imaging.models import ImagingSession
from trial.participants.models import Participant
from trial.users.models import User

ASEG = (Path(__file__).parent / "data" / "aseg.stats").read_bytes()
# In the window of the first scan after `people.CONSENTED`, 2026-03-02.
SCANNED = datetime(2026, 3, 5, 15, 0, tzinfo=UTC)
HEADER = "participant_id\tsession\tnetwork\tvalue\tunit\tframes"


def scan(
    actor: User, participant: Participant, timepoint: str = "pre1", at: datetime = SCANNED, **more: Any
) -> ImagingSession:
    """Record a session."""
    return services.record_session(actor, participant=participant, timepoint=timepoint, occurred_at=at, **more)


def table(*rows: str, header: str = HEADER) -> bytes:
    """A connectivity table; cells in the rows are parted by spaces."""
    return "\n".join([header, *(row.replace(" ", "\t") for row in rows), ""]).encode()
