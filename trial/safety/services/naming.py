"""How an alert or a deviation points at the record that it is about, and what fits in a summary."""

from __future__ import annotations

from typing import Any

from django.db.models import Model

LONGEST = 300


def named(source: Model | None) -> dict[str, Any]:
    """The table and id by which an alert or a deviation points at its record."""
    if source is None:
        return {"source_table": "", "source_id": None}
    return {"source_table": source._meta.label_lower, "source_id": source.pk}


def shortened(text: str) -> str:
    """The text at the length a summary holds."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
