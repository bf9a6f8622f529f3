"""What the audit triggers cost: the same attributed update with them and, in this run's database only, without."""

from __future__ import annotations

import time
from datetime import datetime

from django.db import connection

from assessments.models import Assessment
from trial.audit.context import audited
from trial.audit.triggers import install, uninstall

ROWS = 100


def update(rows: list[Assessment], word: str) -> float:
    """Change one column of each row, each in a transaction of its own; seconds per row."""
    start = time.perf_counter()
    for row in rows:
        row.recall_window = word
        with audited("system:bench", "measured"):
            row.save(update_fields=["recall_window"])
    return (time.perf_counter() - start) / len(rows)


def pair() -> tuple[float, float]:
    """Seconds per row with the triggers and without them, on the same rows."""
    rows = list(Assessment.objects.order_by("pk")[:ROWS])
    word = datetime.now().strftime("%H%M%S%f")  # noqa: DTZ005
    audited_seconds = update(rows, f"{word}a")
    uninstall(connection)
    try:
        return audited_seconds, update(rows, f"{word}b")
    finally:
        install(connection)
