"""Figures are the same bytes for the same data."""

from __future__ import annotations

import pandas as pd

from reports.display.figures import course_figure


def test_the_course_is_deterministic_and_drawn_even_of_nobody() -> None:
    wide = pd.DataFrame({"baseline": [30.0, 28.0], "day_6": [10.0, None]})
    assert course_figure(wide, ["Baseline", "Day 6"]) == course_figure(wide, ["Baseline", "Day 6"])
    assert b"<svg" in course_figure(wide.iloc[:0], ["Baseline", "Day 6"])


def test_another_score_gives_another_picture() -> None:
    wide = pd.DataFrame({"baseline": [30.0, 28.0], "day_6": [10.0, 12.0]})
    assert course_figure(wide, ["a", "b"]) != course_figure(wide + 1, ["a", "b"])


def test_a_mark_is_drawn_where_there_is_one() -> None:
    wide = pd.DataFrame({"baseline": [30.0, 28.0], "day_6": [10.0, 12.0]})
    assert course_figure(wide, ["a", "b"], ["", ""]) == course_figure(wide, ["a", "b"])
    assert course_figure(wide, ["a", "b"], ["", "**"]) != course_figure(wide, ["a", "b"])
