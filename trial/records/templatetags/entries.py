"""When a record was entered, as it is read beside the record."""

from __future__ import annotations

from datetime import timedelta

from django import template

from trial.records.models import ClinicalRecord

register = template.Library()

MINUTES_UP_TO, HOURS_UP_TO = timedelta(hours=2), timedelta(hours=72)


@register.filter
def lateness(row: ClinicalRecord | None) -> str:
    """How much later a late record was entered, such as "entered 26 h later"; empty for one that is not late."""
    if row is None or not row.is_late:
        return ""
    return f"entered {spell(row.entered_at - row.occurred_at)} later"


def spell(span: timedelta) -> str:
    """A span of time in minutes, hours or days."""
    if span < MINUTES_UP_TO:
        return f"{span // timedelta(minutes=1)} min"
    return f"{span // timedelta(hours=1)} h" if span < HOURS_UP_TO else f"{span.days} days"
