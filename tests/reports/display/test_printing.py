"""Numbers as printed."""

from __future__ import annotations

import pytest

from reports.display.parts import Table, numbers, plain
from reports.display.printing import Printer, rounded, sentence


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [(2.5, 0, "3"), (-2.5, 0, "−3"), (0.125, 2, "0.13"), (28.826, 2, "28.83"), (-0.04, 1, "0.0"), (None, 2, "–")],
)
def test_rounding_is_half_away_from_zero_with_a_minus_sign(value: float | None, places: int, text: str) -> None:
    assert rounded(value, places) == text


def test_a_p_value_has_three_decimals_or_the_floor() -> None:
    say = Printer("a")
    assert [say.p("x", "x", 0.0094).text, say.p("y", "y", 0.00099).text, say.p("z", "z", None).text] == [
        "0.009", "< 0.001", "–",
    ]  # fmt: skip


def test_a_share_without_a_denominator_has_no_percent() -> None:
    assert plain(Printer("a").share("x", "x", 0, 0)) == "0/0 (–)"
    assert plain(Printer("a").share("x", "x", 16, 22)) == "16/22 (73%)"


def test_an_id_is_given_once() -> None:
    say = Printer("a")
    say.number("n", "n", 1)
    with pytest.raises(ValueError, match=r"a\.n"):
        say.number("n", "n", 2)


def test_a_sentence_keeps_its_numbers() -> None:
    text = sentence("Of {n} one.", n=Printer("a").number("n", "n", 22))
    assert plain(text) == "Of 22 one."
    assert [number.value for number in numbers(text)] == [22]


def test_a_row_of_the_wrong_length_is_refused() -> None:
    with pytest.raises(ValueError, match="2 columns"):
        Table("t", "p", ("a", "b"), (((),),), (1, 1))
