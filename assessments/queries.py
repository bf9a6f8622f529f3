"""Named reads of assessments."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from assessments.models import Assessment, Interview
from assessments.raters.queries import holding_at
from assessments.rules import INSTRUMENT, ITEM
from trial import protocol
from trial.participants.models import Participant, Visit
from trial.permissions import ACTIONS
from trial.records import events
from trial.users.delegation.queries import acting
from trial.users.models import User


def due_instruments(visit: Visit) -> tuple[str, ...]:
    """Codes of the instruments due at a visit, under the protocol version it was planned by."""
    foreseen = protocol.for_version(visit.protocol_version).visits.get(visit.code)
    return foreseen.instruments.codes if foreseen else ()


def recall_of(visit: Visit | None) -> str:
    """The recall window of a visit as the protocol states it, such as "7 d"; empty where there is none."""
    foreseen = protocol.for_version(visit.protocol_version).visits.get(visit.code) if visit else None
    return f"{foreseen.recall.text} {foreseen.recall.unit}" if foreseen and foreseen.recall else ""


def assessments_at(visit: Visit) -> dict[str, Assessment]:
    """The assessments recorded at a visit, by instrument."""
    return {row.instrument: row for row in Assessment.objects.filter(visit=visit)}


def assessment_at(visit: Visit, instrument: str) -> Assessment | None:
    """The assessment of one instrument at a visit, or None while it is not recorded."""
    return Assessment.objects.filter(visit=visit, instrument=instrument).select_related("rater").first()


def interview_at(visit: Visit, instrument: str) -> Interview | None:
    """The interview in progress about an instrument at a visit, or None."""
    rows = in_progress().filter(visit=visit, instrument=instrument)
    return rows.select_related("participant__site", "rater", "saved_by").first()


def hold(visit: Visit) -> None:
    """Let whoever saves, submits or records ratings at a visit come one after the other, until the transaction ends.

    The participant comes first, as everywhere: who takes the two in the other order may wait for ever.
    """
    Participant.objects.select_for_update(no_key=True).get(pk=visit.participant_id)
    Visit.objects.select_for_update(no_key=True).get(pk=visit.pk)


def same_rating(rating: Assessment | Interview) -> list[Assessment | Interview]:
    """The other rows of the same rating: the interview of an assessment, the assessment of an interview."""
    if rating.visit_id is None:
        return []
    other: type[Assessment | Interview] = Interview if isinstance(rating, Assessment) else Assessment
    return list(other._default_manager.filter(visit=rating.visit_id, instrument=rating.instrument))


def in_progress() -> QuerySet[Interview]:
    """Every interview whose answers wait to be submitted."""
    recorded = Assessment.objects.filter(visit=OuterRef("visit"), instrument=OuterRef("instrument"))
    return Interview.objects.filter(~Exists(recorded), state=Interview.State.IN_PROGRESS)


def course(participant: Participant) -> list[Assessment]:
    """Every assessment of a participant in the order of rating."""
    rows = Assessment.objects.filter(participant=participant)
    return list(rows.select_related("visit", "rater").order_by("occurred_at", "entered_at"))


class Rated(NamedTuple):
    """How things stand after a rating: its visit complete, raters assigned at its time, its rater among them."""

    is_complete: bool
    has_raters: bool
    is_by_assigned: bool


def after_rating(row: Assessment) -> Rated:
    """How a rating leaves its visit and what the assignments of raters say of it, in one query."""
    assigned = holding_at(row.participant, row.occurred_at)
    rows = Assessment.objects.filter(visit=row.visit) if row.visit else Assessment.objects.filter(pk=row.pk)
    said = (Exists(assigned), Exists(assigned.filter(user=row.rater_id)))
    found = list(rows.values_list("instrument", "total", *said))
    scored = {instrument for instrument, total, *_ in found if total is not None}
    is_complete = row.visit is not None and set(due_instruments(row.visit)) <= scored
    *_, has_raters, is_by_assigned = found[0]
    return Rated(is_complete, has_raters, is_by_assigned)


def item_before(participant: Participant, at: datetime, *, besides: UUID | None = None) -> int | None:
    """The participant's latest rated MADRS item 10 before an instant, or None."""
    rows = Assessment.objects.filter(participant=participant, instrument=INSTRUMENT, occurred_at__lt=at)
    if besides is not None:
        rows = rows.exclude(pk=besides)
    latest: Mapping[str, int]
    for latest in rows.order_by("-occurred_at", "-entered_at").values_list("scores", flat=True):
        if ITEM in latest:
            return latest[ITEM]
    return None


def entry_total(participant: Participant, instrument: str) -> Decimal | None:
    """The latest total before the infusion began, or the latest at all while it has not begun."""
    times: events.InfusionTimes | None = events.ask("infusion.times", participant=participant)
    rows = Assessment.objects.filter(participant=participant, instrument=instrument, total__isnull=False)
    if times is not None:
        rows = rows.filter(occurred_at__lt=times.started_at)
    return rows.order_by("-occurred_at", "-entered_at").values_list("total", flat=True).first()


def raters(participant: Participant, since: datetime | None = None, besides: User | None = None) -> QuerySet[User]:
    """Who may rate at the participant's site now, or could at some time since a moment; and the rater of old.

    Who is assigned to the participant today comes first, with ``is_assigned``.
    """
    now = timezone.now()
    could = Q(pk__in=acting(participant.site, ACTIONS["assessments.record"], min(since or now, now)).values("pk"))
    found = User.objects.filter(could | Q(pk=besides.pk) if besides else could)
    assigned = holding_at(participant, now).filter(user=OuterRef("pk"))
    return found.annotate(is_assigned=Exists(assigned)).order_by("-is_assigned", "full_name")


def missing_at(visits: list[Visit]) -> dict[UUID, tuple[str, ...]]:
    """The names of the scales due at some visits that are not recorded there; visits that lack none are absent."""
    recorded: dict[UUID, set[str]] = {}
    for visit_id, code in Assessment.objects.filter(visit__in=visits).values_list("visit_id", "instrument"):
        if visit_id is not None:
            recorded.setdefault(visit_id, set()).add(code)
    lacking = {v.pk: [code for code in due_instruments(v) if code not in recorded.get(v.pk, set())] for v in visits}
    return {
        visit.pk: tuple(protocol.for_version(visit.protocol_version).instruments[c].label.text for c in codes)
        for visit in visits
        if (codes := lacking[visit.pk])
    }
