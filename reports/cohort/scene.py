"""What every part of the story shares: the participant, the people at the site, and the clock."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TypeVar

from reports.cohort.synthesis import Patient
from trial.participants import queries
from trial.participants.models import Participant, Visit
from trial.protocol import Protocol
from trial.records.models import Origin
from trial.users.models import Site, User

Known = TypeVar("Known")
NAMESPACE = uuid.UUID("5d0b7c6e-2f5e-4a53-9d4f-0d7a0c4b9b11")
DEMO = Origin.DEMO.value
NEVER = datetime.max.replace(tzinfo=UTC)


def key_of(*parts: object) -> uuid.UUID:
    """Return the same one-use key for the same part of the story in every load."""
    return uuid.uuid5(NAMESPACE, " ".join(str(part) for part in parts))


def stated(value: Known | None) -> Known:
    """Return what a patient who started must have; raises ValueError where the cohort's file leaves it empty."""
    if value is None:
        raise ValueError("The cohort's file leaves out a value of a patient who started; fill it in.")
    return value


@dataclass
class Scene:
    """One participant's story: ``monday`` is the day on which the infusion begins.

    What comes after ``until`` is not told: the participant is still in the trial.
    """

    patient: Patient
    participant: Participant
    site: Site
    people: dict[str, User]
    monday: date
    until: datetime = NEVER

    @property
    def protocol(self) -> Protocol:
        """The protocol the participant is bound to."""
        return queries.protocol_of(self.participant)

    @property
    def start(self) -> datetime:
        """The start of the infusion, at the hour of the protocol."""
        return self.on(0, self.protocol.titration.start.at.time.strftime("%H:%M"))

    def on(self, day: int, clock: str) -> datetime:
        """Return the moment *day* days from the start's day, at a time of day of the site."""
        day_of_it = self.monday + timedelta(days=day)
        return datetime.combine(day_of_it, time.fromisoformat(clock), self.site.zone)

    def hour(self, hours: float) -> datetime:
        """Return the moment that many elapsed hours after the start."""
        return self.start + timedelta(hours=float(hours))

    def has_come(self, at: datetime) -> bool:
        """Say whether a moment belongs to what is told."""
        return at <= self.until

    def visit(self, code: str) -> Visit:
        """Return a visit with its participant already at hand."""
        visit = queries.get_visit(self.participant, code)
        visit.participant = self.participant
        return visit
