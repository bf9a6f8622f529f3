"""The safety board, a participant's safety panel, alerts, adverse events, deviations, and the roster."""

from __future__ import annotations

from trial.safety.views.alerts import acknowledge, alert, attend, reach
from trial.safety.views.board import board, open_counts, panel
from trial.safety.views.deviations import close, deviation
from trial.safety.views.events import adverse_event, correct, event, follow_up, report
from trial.safety.views.oversight import export, oversight
from trial.safety.views.roster import cancel, contact, plan, roster, shift

__all__ = [
    "acknowledge",
    "adverse_event",
    "alert",
    "attend",
    "board",
    "cancel",
    "close",
    "contact",
    "correct",
    "deviation",
    "event",
    "export",
    "follow_up",
    "open_counts",
    "oversight",
    "panel",
    "plan",
    "reach",
    "report",
    "roster",
    "shift",
]
