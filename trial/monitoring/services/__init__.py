"""Writes of monitoring: queries by people, edit checks, verification marks and reviews of the trail."""

from __future__ import annotations

from trial.monitoring.services.checking import check, check_again, sweep
from trial.monitoring.services.queries import answer, close, raise_query, reopen, withdraw
from trial.monitoring.services.trail import review_trail
from trial.monitoring.services.verification import verify

__all__ = [
    "answer",
    "check",
    "check_again",
    "close",
    "raise_query",
    "reopen",
    "review_trail",
    "sweep",
    "verify",
    "withdraw",
]
