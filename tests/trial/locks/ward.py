"""A site with its people, a participant in screening, and one row of every kind of table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import ForeignKey, Model
from django.utils import timezone

from assessments.models import Interview
from infusion.models import Infusion
from tests.trial.audit import rows
from tests.trial.audit.test_triggers import raw_change, raw_delete, raw_insert
from tests.trial.participants import people
from trial.audit.context import audited
from trial.locks import services
from trial.locks.models import LockChange, ParticipantLock, VisitLock
from trial.participants.models import Participant, Visit
from trial.participants.services import miss_visit
from trial.users.models import Site, User

KINDS = ("visit", "participant", "trial")


class Ward(NamedTuple):
    """Who is there; Dora and Dan manage the data."""

    site: Site
    carla: User
    dora: User
    dan: User
    participant: Participant
    visit: Visit


def make_ward() -> Ward:
    """A site with a participant whose first visit was missed, so that it can be locked."""
    site = people.make_site("K")
    carla = people.make_user("carla", site, "coordinator")
    dora, dan = (people.make_user(name, site, "data_manager") for name in ("dora", "dan"))
    participant = people.consent(carla, people.enrol(carla, site))
    visit = participant.visits.order_by("opens_at")[0]
    miss_visit(carla, visit, reason="ill")
    return Ward(site, carla, dora, dan, participant, visit)


def alone(ward: Ward) -> None:
    """Let the ward's be the only site that is not for practice: rows made by their columns alone bring sites along."""
    with audited("system:test", "sites"):
        Site.objects.exclude(pk=ward.site.pk).update(is_practice=True)


def lock(ward: Ward, kind: str) -> LockChange:
    """Lock the ward's visit, its participant, or the trial; rows made by their columns alone are not left running."""
    alone(ward)
    with audited("system:test", "end"):
        Infusion.objects.filter(ended_at=None).update(ended_at=timezone.now())
        Interview.objects.update(state=Interview.State.SUBMITTED)
    key: Any = {"visit": ward.visit.pk, "participant": ward.participant.pk, "trial": 1}[kind]
    return services.lock(ward.dora, kind, key, reason="data reviewed")


def about(model: type[Model], participant: Participant, visit: Visit) -> Model:
    """An unsaved row of the model about this participant and visit; what it points to is saved."""
    row = rows.make_row(model)
    for field in model._meta.concrete_fields:
        if isinstance(field, ForeignKey) and field.related_model in (Participant, Visit):
            setattr(row, field.name, participant if field.related_model is Participant else visit)
    return row


def writes(row: Model, other: Model) -> Iterator[tuple[str, Callable[[], object]]]:
    """Every way to write to the table of a saved row, by name; *other* is an unsaved row of the same owner."""
    model, field = type(row), rows.changeable_field(type(row))
    value = rows.another_value(row, field)
    mine = model._base_manager.filter(pk=row.pk)
    setattr(row, field.attname, value)
    yield "save of a new row", partial(other.save, force_insert=True)
    yield "bulk_create()", partial(model._base_manager.bulk_create, [other])
    yield "raw INSERT", partial(raw_insert, other)
    yield "save", row.save
    yield "update()", partial(mine.update, **{field.attname: value})
    yield "bulk_update()", partial(model._base_manager.bulk_update, [row], [field.name])
    yield "raw UPDATE", partial(raw_change, row, field, value)
    yield "delete", row.delete
    yield "queryset delete()", mine.delete
    yield "raw DELETE", partial(raw_delete, row)
    key = connection.ops.quote_name(str(model._meta.pk.column))
    column = connection.ops.quote_name(str(field.column))
    yield "upsert", partial(raw_insert, row, tail=f"ON CONFLICT ({key}) DO UPDATE SET {column} = excluded.{column}")
    if connection.vendor == "sqlite":
        yield "REPLACE", partial(raw_insert, row, verb="REPLACE")


def state_of(ward: Ward, kind: str) -> VisitLock | ParticipantLock:
    """The lock state of the ward's visit or participant."""
    if kind == "visit":
        return VisitLock.objects.get(pk=ward.visit.pk)
    return ParticipantLock.objects.get(pk=ward.participant.pk)
