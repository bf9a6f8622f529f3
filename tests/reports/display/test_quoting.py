"""Numbers in words are numbers of the report; names with digits are not."""

from __future__ import annotations

from itertools import count

import pytest

from reports.display.parts import Box, Figure, Flow, Number, Table, numbers, plain
from reports.display.quoting import quoted


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a fall of at least 50%; 22 of 23, 21/23", ["50%", "22", "23", "21", "23"]),
        ("T = −3.2 on 1-14 days, p = 0.003.", ["−3.2", "1", "14", "0.003"]),
        ("Day 5, 08:00; week 2; days 1 to 5; weeks 2 and 8", []),
        ("S01, STL-0001-6, Pre1, ketamine_96h_v1, 2016-12-01 12:00 UTC, Figure 2, Table S1, 95% CI", []),
        ("A 96-hour infusion, about 400 ng/mL", ["96", "400"]),
    ],
)
def test_what_is_a_number_and_what_is_a_name(text: str, found: list[str]) -> None:
    part = quoted((text,), "a", count(1))
    assert plain(part) == text  # type: ignore[arg-type]
    assert [number.text for number in numbers(part)] == found


def test_computed_numbers_stay_and_ids_run_on() -> None:
    places, own = count(1), Number("a.n", "n", 22.4, "22")
    first, second = quoted(("Of 23 ", own), "a", places), quoted(("7",), "a", places)
    assert [(number.id, number.value) for part in (first, second) for number in numbers(part)] == [
        ("a.quoted_1", 23.0), ("a.n", 22.4), ("a.quoted_2", 7.0),
    ]  # fmt: skip


def test_every_place_of_a_part_is_read() -> None:
    table = Table("1", "2", ("3",), ((("4",),),), (1,), ("5",))
    figure = Figure("6", "7", b"", ("8",), "", table)
    flow = Flow("9", "10", (Box(0, (("11",),)),))
    for part, expected in ((table, 5), (figure, 8), (flow, 3)):
        assert len(list(numbers(quoted(part, "a", count(1))))) == expected


def test_a_text_without_end_is_left_whole() -> None:
    text = "1 " * 1000
    assert quoted((text,), "a", count(1)) == (text,)
