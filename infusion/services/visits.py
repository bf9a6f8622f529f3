"""What a measurement means for the visit it belongs to."""

from __future__ import annotations

from datetime import datetime

from infusion.models import SerumSample, SideEffects, Vitals
from trial.participants import services as participants
from trial.participants.models import Visit
from trial.participants.queries import protocol_of
from trial.users.models import User

MEASURED = {"blood_pressure": Vitals, "side_effects": SideEffects, "serum": SerumSample}


def attend(actor: User, visit: Visit | None, at: datetime) -> None:
    """Tell a visit that consists of measurements alone that one was taken; with the last it is done.

    Visits with instruments are closed by the app that records those.
    """
    if visit is None:
        return
    plan = protocol_of(visit.participant).visits[visit.code]
    if plan.instruments.codes:
        return
    wanted = [MEASURED[code] for code in plan.measurements.codes if code in MEASURED]
    is_complete = all(model._default_manager.filter(visit=visit).exists() for model in wanted)
    participants.record_visit(actor, visit, occurred_at=at, is_complete=is_complete)
