"""A value reads as its kind allows and otherwise says which key is at fault."""

from __future__ import annotations

from datetime import time, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trial.protocol.values import Bound, Clock, Codes, Count, Number, Numbers, ProtocolError, Text, Value


def value(text: str, unit: str = "h", kind: type[Value] = Value, status: str = "published") -> Value:
    return kind("some.key", text, unit, "Paper, Methods", status)


@given(st.decimals(min_value=-1000, max_value=1000, places=3))
def test_every_plain_decimal_reads_back_exactly(number: Decimal) -> None:
    text = f"{number:f}"
    if text != "-0.000":
        assert value(text, kind=Number).problem() is None
        assert value(text).decimal == number


@pytest.mark.parametrize("text", ["", "abc", "0,15", "1e3", "NaN", "Infinity", "1_000", " 1", "1 ", "01", "+1", "٣"])
def test_what_decimal_would_take_but_a_reader_would_misread_is_no_number(text: str) -> None:
    assert value(text, kind=Number).problem()
    with pytest.raises(ProtocolError, match=r"some\.key"):
        _ = value(text).decimal


def test_a_count_is_whole() -> None:
    assert value("20", kind=Count).problem() is None
    assert value("20.5", kind=Count).problem()
    assert value("20").integer == 20
    with pytest.raises(ProtocolError, match="whole number"):
        _ = value("20.5").integer


@pytest.mark.parametrize(
    ("text", "unit", "span"),
    [
        ("15", "min", timedelta(minutes=15)),
        ("96", "h", timedelta(hours=96)),
        ("-1", "d", timedelta(days=-1)),
        ("6", "wk", timedelta(days=42)),
        ("2.2", "s", timedelta(seconds=2.2)),
    ],
)
def test_a_span_of_time_reads_in_its_unit(text: str, unit: str, span: timedelta) -> None:
    assert value(text, unit).elapsed == span


def test_a_dose_is_no_span_of_time() -> None:
    with pytest.raises(ProtocolError, match="not a span of time"):
        _ = value("0.15", "mg/kg/h").elapsed


def test_an_absent_bound_reads_as_none_and_a_present_one_as_its_number() -> None:
    assert value("none", kind=Bound).limit is None
    assert value("none", kind=Bound).problem() is None
    assert value("0.612", kind=Bound).limit == Decimal("0.612")
    assert value("nothing", kind=Bound).problem()


@pytest.mark.parametrize("text", ["24:00", "8:00", "08:60", "noon"])
def test_a_time_of_day_has_four_digits_and_exists(text: str) -> None:
    assert value(text, kind=Clock).problem()
    with pytest.raises(ProtocolError, match="time of day"):
        _ = value(text).time


def test_a_time_of_day_reads() -> None:
    assert value("08:00", kind=Clock).problem() is None
    assert value("08:00").time == time(8)


def test_lists_read_in_their_order() -> None:
    assert value("madrs, cgi_i", kind=Codes).codes == ("madrs", "cgi_i")
    assert value("none", kind=Codes).codes == ()
    assert value("4, 12, 20").decimals == (Decimal(4), Decimal(12), Decimal(20))


def test_spoilt_lists_are_refused() -> None:
    assert value("madrs, ", kind=Codes).problem()
    assert value("madrs, madrs", kind=Codes).problem() == "the same code is listed twice"
    assert value("4; 12", kind=Numbers).problem()
    assert value("0,15", kind=Numbers).problem(), "a decimal comma is not a list"
    assert value("none", kind=Numbers).problem()
    with pytest.raises(ProtocolError, match="list of decimal numbers"):
        _ = value("4; 12").decimals


def test_words_may_be_anything_but_empty() -> None:
    assert value("any words", kind=Text).problem() is None
    assert value(" ", kind=Text).problem()


def test_only_an_unpublished_value_is_proposed() -> None:
    assert value("1", status="proposed").proposed
    assert not value("1").proposed
