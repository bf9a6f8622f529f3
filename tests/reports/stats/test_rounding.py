"""Numbers as printed."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.stats.errors import StatsError
from reports.stats.rounding import format_p, round_half_away

FINITE = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e12, max_value=1e12)


@pytest.mark.parametrize(
    ("value", "places", "printed"),
    [
        (0.5, 0, "1"),
        (-0.5, 0, "-1"),
        (2.5, 0, "3"),
        (2.675, 2, "2.68"),
        (-2.675, 2, "-2.68"),
        (1.005, 2, "1.01"),
        (56.5217391, 2, "56.52"),
        (0.0625, 3, "0.063"),
        (-0.0004, 3, "0.000"),
        (Decimal("0.15"), 1, "0.2"),
        (7, 2, "7.00"),
        (1e-7, 3, "0.000"),
    ],
)
def test_halves_go_away_from_zero(value: float | Decimal, places: int, printed: str) -> None:
    assert str(round_half_away(value, places)) == printed


@settings(deadline=None)
@given(value=FINITE, places=st.integers(0, 6))
def test_a_rounded_number_lies_within_half_a_unit(value: float, places: int) -> None:
    rounded = round_half_away(value, places)
    assert abs(rounded - Decimal(repr(value))) <= Decimal("0.5").scaleb(-places)
    assert rounded == -round_half_away(-value, places)
    assert round_half_away(rounded, places) == rounded


@pytest.mark.parametrize(
    ("p", "printed"),
    [
        (0.0, "< 0.001"),
        (0.00099, "< 0.001"),
        (0.001, "0.001"),
        (0.0028, "0.003"),
        (0.0505, "0.051"),
        (1.0, "1.000"),
    ],
)
def test_a_p_value_has_three_decimals_and_a_floor(p: float, printed: str) -> None:
    assert format_p(p) == printed


@pytest.mark.parametrize("p", [-0.1, 1.1, float("nan")])
def test_what_is_no_probability_is_refused(p: float) -> None:
    with pytest.raises(StatsError, match="not a probability"):
        format_p(p)


@pytest.mark.parametrize(("value", "places"), [(float("nan"), 2), (float("inf"), 2), (1.0, -1)])
def test_what_cannot_be_printed_is_refused(value: float, places: int) -> None:
    with pytest.raises(StatsError, match="Cannot round"):
        round_half_away(value, places)
