"""What was recorded about safety after a moment, such as a freeze: entered anew, or changed."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from trial.audit.models import AuditEntry
from trial.audit.queries import entry_time, row_key
from trial.records.events import LateEvent
from trial.records.models import ClinicalRecord
from trial.safety.models import AdverseEvent, AdverseEventFollowUp, Alert, Deviation, SeriousEventReport
from trial.safety.queries import at_sites

# What is listed, by the field (or the words for it) that says what it is, and its name.
LISTED: tuple[tuple[type[ClinicalRecord], str, str], ...] = (
    (AdverseEvent, "term", "Adverse event"),
    (AdverseEventFollowUp, "news", "Follow-up of an adverse event"),
    (SeriousEventReport, "get_recipient_display", "Report of a serious event to"),
    (Alert, "summary", "Alert"),
    (Deviation, "summary", "Deviation"),
)
# Tables that a report reads: what is changed in them after a freeze stays outside it as well.
CHANGING: tuple[tuple[type[ClinicalRecord], str, str], ...] = (LISTED[0], LISTED[-1])


def recorded_since(at: datetime, sites: frozenset[UUID]) -> list[LateEvent]:
    """What was entered about safety after a moment, and what was changed of before, the latest first."""
    entered = [
        LateEvent(row.participant.study_id, f"{name}: {_said(row, said)}", row.occurred_at, row.entered_at)
        for model, said, name in LISTED
        for row in at_sites(model, sites).filter(entered_at__gt=at)
    ]
    changed = [event for model, said, name in CHANGING for event in _changed(model, said, name, at, sites)]
    return sorted(entered + changed, key=lambda event: event.entered_at, reverse=True)


def _changed(
    model: type[ClinicalRecord], said: str, name: str, at: datetime, sites: frozenset[UUID]
) -> list[LateEvent]:
    """The rows of before that were changed since, each with its newest change and why."""
    since = AuditEntry.objects.filter(table_name=model._meta.db_table, op=AuditEntry.Op.UPDATE, at__gt=written(at))
    newest = {entry.row_id: entry for entry in since.order_by("id")}
    rows = at_sites(model, sites).filter(entered_at__lte=at)
    found = [(row, newest.get(row_key(model, row.pk))) for row in (rows if newest else ())]
    return [
        LateEvent(
            row.participant.study_id,
            f"{name} changed ({entry.reason}): {_said(row, said)}",
            row.occurred_at,
            entry_time(entry),
        )
        for row, entry in found
        if entry is not None
    ]


def _said(row: ClinicalRecord, name: str) -> str:
    """What a row says of itself by a field, or by the words for one."""
    found = getattr(row, name)
    return str(found() if callable(found) else found)


def written(at: datetime) -> str:
    """A moment as the trail writes it, by which its entries sort."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
