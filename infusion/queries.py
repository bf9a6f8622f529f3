"""Named reads of the treatment."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple, TypeVar
from uuid import UUID

from django.http import Http404

from infusion.models import (
    Bag,
    ClonidineDose,
    Infusion,
    RateChange,
    SerumLevel,
    SerumSample,
    SideEffects,
    Vitals,
)
from infusion.rules import Course, RateEvent
from trial.participants.models import Participant, PhysicalExamination, Visit
from trial.participants.queries import protocol_at
from trial.records.events import Exposure, InfusionTimes
from trial.records.models import ClinicalRecord

C = TypeVar("C", bound=ClinicalRecord)


class Due(NamedTuple):
    """A measurement that a visit asks for: its code, its name, and when it was taken (None if it was not)."""

    code: str
    label: str
    taken_at: datetime | None


MEASURED = {"blood_pressure": Vitals, "side_effects": SideEffects, "serum": SerumSample}


def measurements_due(visit: Visit) -> list[Due]:
    """What a visit asks to be measured at the bedside, in the protocol's order."""
    plan = protocol_at(visit)
    return [
        Due(code, plan.measurements[code].label.text, taken_at(visit, code))
        for code in plan.visits[visit.code].measurements.codes
        if code in MEASURED
    ]


def taken_at(visit: Visit, code: str) -> datetime | None:
    """When a measurement of a visit was taken, or None."""
    rows = MEASURED[code]._default_manager.filter(visit=visit)
    return rows.order_by("occurred_at").values_list("occurred_at", flat=True).first()


def row_of(participant: Participant, model: type[C], pk: UUID) -> C:
    """One of the participant's rows; Http404 for another's and for none alike."""
    rows = model._default_manager.select_related("participant__site", "entered_by", "visit")
    if (row := rows.filter(participant=participant, pk=pk).first()) is None:
        raise Http404("No such record of this participant.")
    return row


def infusion_of(participant: Participant) -> Infusion | None:
    """The participant's infusion, or None before it began."""
    return Infusion.objects.filter(participant=participant).select_related("participant__site").first()


def running_now(participant: Participant | None) -> list[str]:
    """Study ids of whose infusion runs: the participant's, or anybody's who is not of a practice site."""
    whose = {"participant__site__is_practice": False} if participant is None else {"participant": participant}
    rows = Infusion.objects.filter(**whose, ended_at=None)
    return list(rows.order_by("participant__study_id").values_list("participant__study_id", flat=True))


def lock(infusion: Infusion) -> Infusion:
    """The infusion as it stands now, locked until the transaction ends: one writer of rates at a time."""
    return Infusion.objects.select_for_update(of=("self",)).select_related("participant__site").get(pk=infusion.pk)


def lock_participant(participant: Participant) -> Participant:
    """The participant, locked until the transaction ends: one infusion is started at a time."""
    locked = Participant.objects.select_for_update(of=("self",)).select_related("site")
    return locked.get(pk=participant.pk)


def rates_of(infusion: Infusion) -> list[RateChange]:
    """Every rate event in the order in which they happened."""
    return list(infusion.rates.select_related("checked_by", "entered_by").order_by("occurred_at", "entered_at"))


def course_of(infusion: Infusion) -> Course:
    """The infusion as the rules read it."""
    return course_from(infusion, list(infusion.rates.order_by("occurred_at", "entered_at")))


def course_from(infusion: Infusion, rates: list[RateChange]) -> Course:
    """The infusion as the rules read it, from rates already read."""
    events = tuple(RateEvent(change.occurred_at, change.rate) for change in rates)
    return Course(infusion.occurred_at, events, infusion.ended_at)


def bag_at(infusion: Infusion, at: datetime) -> Bag | None:
    """The bag that hangs at an instant."""
    return infusion.bags.filter(occurred_at__lte=at).order_by("-occurred_at", "-entered_at").first()


def bags_of(infusion: Infusion) -> list[Bag]:
    """Every bag in the order in which they were hung."""
    return list(infusion.bags.select_related("entered_by").order_by("occurred_at", "entered_at"))


def screened_weight(participant: Participant) -> Decimal | None:
    """The weight (kg) at the latest physical examination that took one, or None."""
    weighed = PhysicalExamination.objects.filter(participant=participant, weight_kg__isnull=False)
    found = weighed.order_by("-occurred_at", "-entered_at")
    return found.values_list("weight_kg", flat=True).first()


def vitals_before(participant: Participant, at: datetime) -> Vitals | None:
    """The latest vital signs at or before an instant."""
    found = Vitals.objects.filter(participant=participant, occurred_at__lte=at)
    return found.order_by("-occurred_at", "-entered_at").first()


def vitals_of(participant: Participant) -> list[Vitals]:
    """All vital signs, oldest first."""
    return list(Vitals.objects.filter(participant=participant).order_by("occurred_at", "entered_at"))


def clonidine_of(participant: Participant) -> list[ClonidineDose]:
    """All doses of clonidine, given and held, oldest first."""
    return list(ClonidineDose.objects.filter(participant=participant).order_by("occurred_at", "entered_at"))


def clonidine_around(
    participant: Participant, at: datetime, besides: UUID | None = None
) -> tuple[list[Decimal], list[Decimal]]:
    """The doses (mg) given on the site date of an instant, and on the date before; one dose may be left out."""
    zone = participant.site.zone
    today = at.astimezone(zone).date()
    first = datetime.combine(today - timedelta(days=1), datetime.min.time(), zone)
    last = datetime.combine(today + timedelta(days=1), datetime.min.time(), zone)
    doses = ClonidineDose.objects.filter(
        participant=participant, is_given=True, occurred_at__gte=first, occurred_at__lt=last
    )
    if besides is not None:
        doses = doses.exclude(pk=besides)
    same: list[Decimal] = []
    before: list[Decimal] = []
    for given_at, dose in doses.values_list("occurred_at", "dose_mg"):
        (same if given_at.astimezone(zone).date() == today else before).append(dose)
    return same, before


def side_effects_of(participant: Participant) -> list[SideEffects]:
    """All side-effect checklists, oldest first."""
    found = SideEffects.objects.filter(participant=participant).select_related("visit")
    return list(found.order_by("occurred_at", "entered_at"))


def samples_of(participant: Participant) -> list[SerumSample]:
    """All serum samples with their levels, oldest first."""
    found = SerumSample.objects.filter(participant=participant).prefetch_related("levels")
    return list(found.order_by("occurred_at", "entered_at"))


def is_running(infusion: Infusion | None) -> bool:
    """Whether an infusion has begun and not ended."""
    return infusion is not None and infusion.ended_at is None


def staff_of(participant: Participant) -> frozenset[UUID]:
    """The accounts that entered a dose, a rate, a bag, a level or side effects of the participant."""
    tables: tuple[type[ClinicalRecord], ...] = (ClonidineDose, Infusion, Bag, RateChange, SerumLevel, SideEffects)
    rows = [model._default_manager.filter(participant=participant).order_by().values("entered_by") for model in tables]
    return frozenset(row["entered_by"] for row in rows[0].union(*rows[1:]))


def infusion_times(participant: Participant) -> InfusionTimes | None:
    """When the infusion began and ended, in UTC; None before it began."""
    found = Infusion.objects.filter(participant=participant).values_list("occurred_at", "ended_at").first()
    return InfusionTimes(*found) if found else None


def exposure(sites: Iterable[UUID], until: datetime) -> dict[UUID, Exposure]:
    """Infusions of each site begun before an instant: how many, how many completed by then, and hours until then."""
    found: dict[UUID, Exposure] = {}
    rows = Infusion.objects.filter(site_id__in=sites, occurred_at__lt=until)
    for site, began, ended, completed in rows.values_list("site_id", "occurred_at", "ended_at", "is_completed"):
        over = ended is not None and ended <= until
        hours = ((ended if ended is not None and over else until) - began).total_seconds() / 3600
        so_far = found.get(site, Exposure(0, 0, 0.0))
        done = so_far.completed + (over and bool(completed))
        found[site] = Exposure(so_far.started + 1, done, so_far.hours + hours)
    return found
