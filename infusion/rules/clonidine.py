"""Judging a dose of clonidine."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from trial.protocol import Protocol
from trial.rules.verdict import ALLOWED, Verdict, judge_limit, worst


def judge_clonidine(
    dose_mg: Decimal, given_today: Iterable[Decimal], given_yesterday: Iterable[Decimal], protocol: Protocol
) -> Verdict:
    """Judge a dose (mg) with those already given on the same and on the previous site date.

    Beyond the daily maximum it is refused; a daily total that rises too far above the day before warns.
    No dose at all is never refused.
    """
    if dose_mg <= 0:
        return ALLOWED
    total = sum(given_today, dose_mg)
    rise = total - sum(given_yesterday, Decimal(0))
    return worst(
        [
            judge_limit(protocol.limits["clonidine_daily"], total),
            judge_limit(protocol.limits["clonidine_rise"], rise),
        ]
    )
