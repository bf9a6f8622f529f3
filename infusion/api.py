"""The infusion and vital signs for programmes, such as a monitor at the bedside. Rates are ordered by people only."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.http import Http404, HttpRequest
from ninja import Router, Schema, Status

from infusion import queries, services
from infusion.models import Infusion, Vitals
from trial.participants.api import participant_of
from trial.records.models import Origin
from trial.tokens.gate import Allows
from trial.tokens.schemas import OF_AN_OBJECT, WRITING, IdempotencyKey, Moment, Sent, answers

router = Router(tags=["infusion"])


class RateOut(Schema):
    """The rate (mg/kg/h) and the pump's setting (mL/h) from a moment on; 0 is a pause or the end."""

    occurred_at: datetime
    rate: Decimal
    pump_rate: Decimal | None


class InfusionOut(Schema):
    """An infusion with its rates in the order of time."""

    occurred_at: datetime
    ended_at: datetime | None
    dosing_weight_kg: Decimal
    rates: list[RateOut]

    @staticmethod
    def resolve_rates(row: Infusion) -> Any:
        return row.rates.order_by("occurred_at", "entered_at")


class VitalsOut(Schema):
    """Vital signs: mmHg, beats/min, breaths/min, % oxygen saturation."""

    occurred_at: datetime
    entered_at: datetime
    systolic: int
    diastolic: int
    heart_rate: int
    respiratory_rate: int | None
    oxygen_saturation: int | None
    comment: str
    version: int


class VitalsIn(Sent):
    """Vital signs to record, with the moment they were taken."""

    systolic: int
    diastolic: int
    heart_rate: int
    respiratory_rate: int | None = None
    oxygen_saturation: int | None = None
    comment: str = ""
    occurred_at: Moment


@router.get(
    "/participants/{study_id}/infusion",
    response=answers(InfusionOut, *OF_AN_OBJECT),
    url_name="infusion",
    auth=Allows("infusion.read"),
)
def infusion(request: HttpRequest, study_id: str) -> Infusion:
    """The participant's infusion; 404 before it began."""
    found = queries.infusion_of(participant_of(request, study_id))
    if found is None:
        raise Http404("The infusion has not begun.")
    return found


@router.get(
    "/participants/{study_id}/vitals",
    response=answers(list[VitalsOut], *OF_AN_OBJECT),
    url_name="vitals",
    auth=Allows("infusion.read"),
)
def vitals(request: HttpRequest, study_id: str) -> Any:
    """Every set of vital signs, in the order of time."""
    return Vitals.objects.filter(participant=participant_of(request, study_id)).order_by("occurred_at", "entered_at")


@router.post(
    "/participants/{study_id}/vitals",
    response=answers(VitalsOut, *WRITING, status=201),
    url_name="vitals",
    auth=Allows("infusion.record"),
)
def record_vitals(request: HttpRequest, study_id: str, sent: VitalsIn, key: IdempotencyKey) -> Status[Vitals]:
    """Record vital signs; what they pull of the protocol's triggers raises an alert, as on the pages."""
    actor: Any = request.user
    participant = participant_of(request, study_id)
    row = services.record_vitals(actor, participant, key=key, origin=Origin.IMPORT, **sent.dict())
    return Status(201, row)
