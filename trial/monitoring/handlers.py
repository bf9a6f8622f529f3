"""What monitoring does when a record is saved, and what it answers to the apps around it."""

from __future__ import annotations

from typing import Any

from trial.monitoring import queries
from trial.monitoring.services import check, check_again
from trial.participants.models import Participant, Visit
from trial.records.events import handles, provides
from trial.users.models import User


@handles("record.saved")
def on_saved(record: Any, actor: User, reason: str) -> None:
    """Let the edit checks judge a record in the transaction that saved it."""
    if record.version == 1:
        check(actor, record)
    else:
        check_again(actor, record, f"{actor}, version {record.version}, {reason}")


@handles("lock.considered")
def consider_queries(*, preview: Any, participant: Participant | None, visit: Visit | None) -> None:
    """Say how many queries are open about what is to be locked; they go on behind a lock and stand against none."""
    if count := queries.open_within(participant, visit):
        preview.warn(f"Data queries still open: {count}. They can be answered behind the lock, the data not corrected.")


@provides("queries.open_about")
def open_about(table: str, row_id: str) -> tuple[str, ...]:
    """What is asked and still open about a participant, a visit or a record."""
    return queries.open_about(table, row_id)
