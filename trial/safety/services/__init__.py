"""Writes about safety: alerts, adverse events, deviations from the protocol, and who is on call."""

from __future__ import annotations

from trial.safety.services.alerts import acknowledge, attend, raise_alert
from trial.safety.services.deviations import close_deviation, close_group, close_what_ended, record_deviation
from trial.safety.services.events import (
    correct_adverse_event,
    follow_up,
    open_for_hospital_stay,
    record_adverse_event,
    report_serious_event,
)

__all__ = [
    "acknowledge",
    "attend",
    "close_deviation",
    "close_group",
    "close_what_ended",
    "correct_adverse_event",
    "follow_up",
    "open_for_hospital_stay",
    "raise_alert",
    "record_adverse_event",
    "record_deviation",
    "report_serious_event",
]
