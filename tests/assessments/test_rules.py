"""MADRS item 10 calls for review from 2 or a rise of 2, for a psychiatrist from 4, for an emergency at 6."""

from __future__ import annotations

import pytest

from assessments.rules import graver, judge_suicidal_thoughts, steps_by_score
from trial import protocol

PLAN = protocol.for_version(protocol.FIRST).safety.suicidal_thoughts


@pytest.mark.parametrize(
    ("score", "previous", "level"),
    [
        (None, 6, None),
        (0, None, None),
        (1, 0, None),
        (1, None, None),
        (2, 2, "review"),
        (3, None, "review"),
        (4, 4, "urgent"),
        (5, 0, "urgent"),
        (6, 6, "emergency"),
    ],
)
def test_the_score_and_the_one_before_decide_the_level(
    score: int | None, previous: int | None, level: str | None
) -> None:
    found = judge_suicidal_thoughts(score, previous, PLAN)
    assert (found.level if found else None) == level


def test_a_rise_alone_calls_for_review_where_the_score_would_not() -> None:
    higher = protocol.load(
        protocol._content(protocol.FIRST)
        .decode()
        .replace('review_at_least = { value = "2"', 'review_at_least = { value = "3"')
    ).safety.suicidal_thoughts
    found = judge_suicidal_thoughts(2, 0, higher)
    assert found is not None
    assert (found.level, found.key) == ("review", "safety.suicidal_thoughts.review_rise_at_least")
    assert "up from 0" in found.why
    assert judge_suicidal_thoughts(2, 1, higher) is None


def test_the_steps_name_the_protocols_time_and_say_that_it_is_only_proposed() -> None:
    found = judge_suicidal_thoughts(4, None, PLAN)
    assert found is not None
    assert any(f"within {PLAN.psychiatrist_within.text} h" in step for step in found.steps)
    assert found.proposed


def test_on_the_telephone_nobody_hangs_up() -> None:
    found = judge_suicidal_thoughts(6, None, PLAN)
    assert found is not None
    assert any("keep them on the line" in step for step in found.steps)
    assert "emergency service" in found.steps[0]


@pytest.mark.parametrize(
    ("now", "before", "rose"), [(4, 2, True), (2, 4, False), (4, 5, False), (2, 0, True), (0, 0, False)]
)
def test_a_level_rises_only_upwards(now: int, before: int, rose: bool) -> None:
    found = judge_suicidal_thoughts(now, None, PLAN), judge_suicidal_thoughts(before, None, PLAN)
    assert graver(*found) is rose


def test_a_page_without_its_site_knows_what_each_score_calls_for() -> None:
    found = steps_by_score(range(7), PLAN)
    assert [(score, called.level) for score, called in found] == [(2, "review"), (4, "urgent"), (6, "emergency")]
    assert all(judge_suicidal_thoughts(score, None, PLAN) is not None for score, _ in found)
    assert found[-1][1].why == "MADRS item 10 (suicidal thoughts) is 6 or more"
    assert steps_by_score((), PLAN) == []
