"""What a rater who is kept from a participant's treatment sees of safety.

An alert or a deviation about a rating, a visit or a scan tells nothing of the treatment. All others do or may, and so
do adverse events. An alert is never left out, for it has to be answerable: its words are.
"""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from typing import Any, TypeVar

from django.db.models import Q, QuerySet

from trial.blinding import HIDDEN, blinded_to, is_blinded
from trial.safety.models import AdverseEvent, Alert, Deviation

# Apps by label whose records' alerts and automatic deviations keep their words.
SPEAKING = ("assessments.", "participants.", "imaging.")
WORDS = f"Its words are {HIDDEN}"

E = TypeVar("E", AdverseEvent, Deviation)


def seen_by(user: Any, alert: Alert) -> Alert:
    """An alert as an account sees it: a copy without words, never to be saved, where the account is kept from them."""
    if not is_blinded(user, alert.participant_id):
        return alert
    shown = copy(alert)
    if not is_told(alert):
        shown.summary, shown.kind, shown.source_table, shown.source_id = WORDS, "hidden", "", None
    if alert.action_taken and alert.acknowledged_by_id != user.pk:
        shown.action_taken = HIDDEN
    return shown


def is_told(alert: Alert) -> bool:
    """Whether an alert's words are about a rating, a visit or a scan alone."""
    return alert.source_table.startswith(SPEAKING)


def all_seen_by(user: Any, alerts: Iterable[Alert]) -> list[Alert]:
    """Alerts as an account sees them."""
    return [seen_by(user, alert) for alert in alerts]


def without_hidden(user: Any, rows: QuerySet[E]) -> QuerySet[E]:
    """Adverse events or deviations without those that the account is kept from."""
    kept_from = blinded_to(user)
    if not kept_from:
        return rows
    hidden = Q(participant_id__in=kept_from.keys())
    if rows.model is Deviation:
        told = Q(*(Q(source_table__startswith=app) for app in SPEAKING), _connector=Q.OR)
        hidden &= ~(told & Q(is_automatic=True))
    return rows.exclude(hidden)


def is_hidden(user: Any, deviation: Deviation) -> bool:
    """Whether an account is kept from a deviation."""
    told = deviation.is_automatic and deviation.source_table.startswith(SPEAKING)
    return is_blinded(user, deviation.participant_id) and not told
