"""What monitoring does when a record is saved, and what it answers to the apps around it."""

from __future__ import annotations

from typing import Any

from trial.monitoring import queries
from trial.monitoring.services import check, check_again
from trial.records.events import handles, provides
from trial.users.models import User


@handles("record.saved")
def on_saved(record: Any, actor: User, reason: str) -> None:
    """Let the edit checks judge a record in the transaction that saved it."""
    if record.version == 1:
        check(actor, record)
    else:
        check_again(actor, record, f"{actor}, version {record.version}, {reason}")


@provides("queries.open_about")
def open_about(table: str, row_id: str) -> tuple[str, ...]:
    """What is asked and still open about a participant, a visit or a record."""
    return queries.open_about(table, row_id)
