"""The small line of totals stays in its box, rises with the total and runs with time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from assessments.course import HEIGHT, WIDTH, Point, line, shown_total
from assessments.instruments import instrument

START = datetime(2026, 3, 2, tzinfo=UTC)
MADRS = instrument("madrs")


def points(*totals: int) -> list[Point]:
    """One total a week."""
    return [Point(START + timedelta(weeks=week), total) for week, total in enumerate(totals)]


def test_without_totals_there_is_no_line() -> None:
    assert line([], MADRS) is None


def test_a_falling_score_falls_from_the_top_left_to_the_bottom_right() -> None:
    drawn = line(points(60, 0), MADRS)
    assert drawn is not None
    assert drawn.dots == ((4.0, 4.0), (156.0, 32.0))
    assert (drawn.first, drawn.last) == (60, 0)


def test_totals_are_drawn_in_the_order_of_rating() -> None:
    drawn = line(list(reversed(points(30, 20, 10))), MADRS)
    assert drawn is not None
    assert (drawn.first, drawn.last) == (30, 10)


def test_a_subscale_is_drawn_in_its_own_range() -> None:
    positive = instrument("bprs").subscales["positive"].items
    drawn = line(points(28), instrument("bprs"), positive)
    assert drawn is not None
    assert drawn.dots[0][1] == 4.0


@given(st.lists(st.integers(0, 60), min_size=1, max_size=9))
def test_every_dot_lies_in_the_box(totals: list[int]) -> None:
    drawn = line(points(*totals), MADRS)
    assert drawn is not None
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in drawn.dots)


def test_a_missing_total_is_shown_as_incomplete_never_as_a_number() -> None:
    assert shown_total(None, {"lassitude": "asleep"}) == "incomplete (1 not rated)"
    assert shown_total(28, {}) == "28"
