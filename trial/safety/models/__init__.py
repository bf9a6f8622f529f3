"""Alerts that somebody must act on, adverse events and what follows, departures from the protocol, who is on call."""

from __future__ import annotations

from trial.safety.models.alerts import Alert, AlertNotice
from trial.safety.models.deviations import Deviation
from trial.safety.models.events import (
    CRITERIA,
    RESOLVED,
    AdverseEvent,
    AdverseEventFollowUp,
    Outcome,
    SeriousEventReport,
)
from trial.safety.models.exports import SafetyExport
from trial.safety.models.roster import OnCallShift, SafetyContact

__all__ = [
    "CRITERIA",
    "RESOLVED",
    "AdverseEvent",
    "AdverseEventFollowUp",
    "Alert",
    "AlertNotice",
    "Deviation",
    "OnCallShift",
    "Outcome",
    "SafetyContact",
    "SafetyExport",
    "SeriousEventReport",
]
