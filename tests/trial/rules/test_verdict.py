"""A verdict says whether, how firmly, why and on whose authority."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trial import protocol
from trial.rules.verdict import ALLOWED, Verdict, judge_limit, refuse, warn, worst

P = protocol.for_version(protocol.FIRST)
SOFT, HARD = warn("high"), refuse("too high")


@pytest.mark.parametrize(
    ("limit", "amount", "severity"),
    [
        ("rate", "0.09", "soft"),
        ("rate", "0.10", "none"),
        ("rate", "0.60", "none"),
        ("rate", "0.61", "soft"),
        ("rate", "0.612", "soft"),
        ("rate", "0.613", "hard"),
        ("increase", "0.15", "none"),
        ("increase", "0.16", "soft"),
        ("increase", "0.31", "hard"),
        ("interval", "7.9", "hard"),
        ("interval", "8", "soft"),
        ("interval", "10", "none"),
        ("hourly_dose", "61", "soft"),
        ("hourly_dose", "73", "hard"),
        ("weight", "34", "hard"),
        ("weight", "40", "soft"),
        ("weight", "121", "soft"),
        ("weight", "201", "hard"),
        ("concentration", "0.4", "hard"),
        ("concentration", "5", "soft"),
        ("duration", "96.5", "soft"),
        ("duration", "105", "hard"),
        ("cumulative_dose", "57.7", "soft"),
        ("cumulative_dose", "62.5", "hard"),
        ("clonidine_rise", "0.3", "soft"),
        ("clonidine_daily", "0.6", "none"),
        ("clonidine_daily", "0.7", "hard"),
    ],
)
def test_an_amount_is_judged_against_the_proposed_table_of_limits(limit: str, amount: str, severity: str) -> None:
    assert judge_limit(P.limits[limit], Decimal(amount)).severity == severity


def test_a_refusal_names_the_amount_the_bound_and_the_value_that_decided() -> None:
    verdict = judge_limit(P.limits["rate"], Decimal("0.75"))
    assert verdict.why == "Rate 0.75 mg/kg/h is above 0.612 mg/kg/h"
    assert verdict.key == "limits.rate.hard_above"
    assert verdict.source == P.limits["rate"].hard_above.source
    assert verdict.proposed


@given(st.decimals(min_value=0, max_value=500, places=3), st.sampled_from(list(P.limits)))
def test_going_further_beyond_a_limit_never_softens_the_verdict(amount: Decimal, name: str) -> None:
    rank = ["none", "soft", "hard"]
    limit = P.limits[name]
    top = limit.soft_above.limit if limit.soft_above.limit is not None else limit.hard_above.limit
    here = judge_limit(limit, amount)
    if top is not None and amount > top:
        further = judge_limit(limit, amount + 1)
        assert rank.index(further.severity) >= rank.index(here.severity)


def test_the_worst_of_several_verdicts_is_the_hardest() -> None:
    assert worst([ALLOWED, SOFT, HARD, SOFT]) is HARD
    assert worst([ALLOWED, SOFT]) is SOFT
    assert worst([]) is ALLOWED


def test_a_verdict_cannot_contradict_itself() -> None:
    with pytest.raises(ValueError, match="cannot have severity"):
        Verdict(ok=True, severity="hard", why="but")
    with pytest.raises(ValueError, match="cannot have severity"):
        Verdict(ok=False)
    with pytest.raises(ValueError, match="says why"):
        Verdict(ok=False, severity="soft")
