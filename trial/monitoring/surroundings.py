"""What the edit checks read: a record as they know it, and what else is known of its participant."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db.models import Model
from django.utils import timezone

from trial.monitoring.rules import WEIGHTS, Recorded, Surroundings
from trial.monitoring.subjects import participant_of, plain, visit_of
from trial.participants.models import Participant, Status, Visit
from trial.participants.queries import consented_at, protocol_of, statuses_of, window_of
from trial.records.events import ask
from trial.rules.deviations import window_deviation


def recorded(row: Any, around: Surroundings | None = None) -> Recorded:
    """A record (or a visit, judged by its window) as a check reads it."""
    participant, visit = participant_of(row), visit_of(row)
    zone = participant.site.zone
    at: datetime = plain(getattr(row, "occurred_at", None) or row.entered_at)
    held = None if isinstance(row, Visit) or visit is None else visit.done_at
    return Recorded(
        table=row._meta.label_lower,
        values={field.name: plain(getattr(row, field.attname)) for field in row._meta.concrete_fields},
        occurred_at=at,
        day=at.astimezone(zone).date(),
        now=timezone.now(),
        is_at_visit=visit is not None,
        held_on=None if held is None else held.astimezone(zone).date(),
        around=around or Surroundings(),
    )


def surroundings(participant: Participant) -> Surroundings:
    """What is known of a participant, in four readings and one for each table with a weight."""
    withdrew = ended = None
    for status in statuses_of(participant):
        if status.axis == Status.Axis.ENROLMENT:
            withdrew = status.occurred_at if status.value == Status.Value.WITHDREW else None
        elif status.axis == Status.Axis.INFUSION:
            ended = None if status.value == Status.Value.STARTED else status.occurred_at
    return Surroundings(
        consented_at=consented_at(participant),
        withdrew_at=withdrew,
        infusion_ended_at=ended,
        weights=weights_of(participant),
        reverified_from=protocol_of(participant).infusion.weight_change_reverified.decimal,
    )


def weights_of(participant: Participant) -> tuple[tuple[datetime, Decimal], ...]:
    """Every recorded weight (kg) with its moment, oldest first."""
    found: list[tuple[datetime, Decimal]] = []
    for table, name in WEIGHTS.items():
        rows = model(table)._default_manager.filter(participant=participant, **{f"{name}__isnull": False})
        found += rows.values_list("occurred_at", name)
    return tuple(sorted(found))


def missing_at(visits: list[Visit]) -> dict[UUID, tuple[str, ...]]:
    """What held visits still lack, by the visit's id; visits that lack nothing are absent."""
    found: dict[UUID, tuple[str, ...]] = ask("assessments.missing_at", visits=visits)
    return found


def departure_of(visit: Visit) -> str:
    """How far from its window a held visit was, in a sentence; empty inside it, and for a provisional window."""
    if visit.done_at is None:
        return ""
    found = window_deviation(window_of(visit), visit.done_at, visit.participant.site.zone)
    return found.description if found else ""


def model(table: str) -> type[Model]:
    """The model of a table by its label, also of an app above."""
    return apps.get_model(table)
