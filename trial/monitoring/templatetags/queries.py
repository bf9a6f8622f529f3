"""The mark beside a record or a field: how many queries are open about it, and the way to raise one."""

from __future__ import annotations

from collections import Counter
from typing import Any
from uuid import UUID

from django import template
from django.utils.http import urlencode

from trial.monitoring.queries import open_by_place
from trial.permissions import may

register = template.Library()
KEPT = "_open_queries"


@register.inclusion_tag("monitoring/_mark.html", takes_context=True)
def query_mark(context: Any, record: Any, field: str = "", what: str = "") -> dict[str, Any]:
    """Show the queries about *record*, or about one *field* of it; *what* names it for a screen reader.

    The first mark of a page reads all open queries of the participant, so that a long page asks no more than once.
    """
    request = context["request"]
    user = request.user
    participant_id = getattr(record, "participant_id", None) or record.pk
    open_queries = counted(request, participant_id, record.site_id)[record.pk, field]
    return {
        "open_queries": open_queries,
        "record": record,
        "table": record._meta.label_lower,
        "asked": f"?{urlencode({'field': field})}" if field else "",
        "what": what,
        "may_raise": may(user, "queries.raise", record.site_id),
        "may_read": may(user, "queries.read", record.site_id),
    }


def counted(request: Any, participant_id: UUID, site_id: UUID) -> Counter[tuple[UUID, str]]:
    """The open queries of a participant by record and field, read once per request."""
    kept: dict[UUID, Counter[tuple[UUID, str]]] = request.__dict__.setdefault(KEPT, {})
    if participant_id not in kept:
        kept[participant_id] = open_by_place(request.user, participant_id, site_id)
    return kept[participant_id]
