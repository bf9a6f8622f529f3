"""Open alerts for programmes."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema

from trial.participants.api import sites_of
from trial.safety import queries
from trial.safety.blinding import all_seen_by
from trial.safety.models import Alert
from trial.tokens.gate import Allows
from trial.tokens.schemas import answers

router = Router(tags=["safety"])


class AlertOut(Schema):
    """An alert that nobody has acknowledged yet."""

    id: UUID
    study_id: str
    level: str
    kind: str
    summary: str
    occurred_at: datetime
    entered_at: datetime

    @staticmethod
    def resolve_study_id(row: Alert) -> str:
        return row.participant.study_id


@router.get("/alerts", response=answers(list[AlertOut]), url_name="alerts", auth=Allows("safety.read"))
def alerts(request: HttpRequest) -> Any:
    """The open alerts of one's sites, the gravest first; to a rater kept from the treatment they say only that."""
    return all_seen_by(request.user, queries.open_alerts(sites_of(request)))
