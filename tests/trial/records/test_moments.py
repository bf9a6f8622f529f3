"""Clocks that skip an hour or show it twice; dates of the change from the IANA time zone database (tzdata 2025b):
Berlin goes from 02:00 to 03:00 on 2026-03-29 and from 03:00 back to 02:00 on 2026-10-25."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from trial.records.forms import moment
from trial.records.moments import instants
from trial.records.saving import SavedForm

BERLIN = ZoneInfo("Europe/Berlin")
TWICE, SKIPPED = "2026-10-25T02:30", "2026-03-29T02:30"


class Form(SavedForm, forms.Form):
    occurred_at = moment("When")
    weight = forms.DecimalField()
    on = forms.DateField()


def filled(**typed: str) -> Form:
    return Form({"occurred_at": "2026-03-02T10:00", "weight": "80.5", "on": "2026-03-02", **typed})


def cleaned(**typed: str) -> Any:
    with timezone.override(BERLIN):
        form = filled(**typed)
        assert form.is_valid(), form.errors
        return form.cleaned_data["occurred_at"]


def refused(**typed: str) -> str:
    with timezone.override(BERLIN):
        form = filled(**typed)
        assert not form.is_valid()
        return " ".join(str(error) for errors in form.errors.values() for error in errors)


def page(**typed: str) -> str:
    with timezone.override(BERLIN):
        form = filled(**typed)
        form.full_clean()
        return str(form["occurred_at"])


def test_a_time_of_every_other_day_is_that_moment() -> None:
    assert cleaned() == datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    assert "radio" not in page()


def test_a_time_that_the_clocks_showed_twice_is_asked_about_and_kept() -> None:
    assert "showed 2026-10-25 02:30 twice" in refused(occurred_at=TWICE)
    shown = page(occurred_at=TWICE)
    assert 'value="2026-10-25T02:30"' in shown, "what was typed stays in the control"
    assert "02:30 at UTC+02:00 (00:30 UTC)" in shown
    assert "02:30 at UTC+01:00 (01:30 UTC)" in shown
    assert "checked" not in shown, "nothing is chosen beforehand"


@pytest.mark.parametrize(("offset", "hour"), [("+02:00", 0), ("+01:00", 1)])
def test_the_choice_gives_the_moment(offset: str, hour: int) -> None:
    typed = {"occurred_at": TWICE, "occurred_at.offset": offset}
    assert cleaned(**typed) == datetime(2026, 10, 25, hour, 30, tzinfo=UTC)
    assert f'value="{offset}" checked' in page(**typed)


@pytest.mark.parametrize("offset", ["+05:00", "x", "", "+2:00", "+٠٢:00"])
def test_no_other_offset_is_taken(offset: str) -> None:
    assert "twice" in refused(**{"occurred_at": TWICE, "occurred_at.offset": offset})


def test_an_offset_left_from_another_time_does_not_move_the_one_that_is_typed() -> None:
    typed = {"occurred_at": "2026-10-25T12:00", "occurred_at.offset": "+02:00"}
    assert cleaned(**typed) == datetime(2026, 10, 25, 11, 0, tzinfo=UTC)


def test_a_recorded_moment_of_that_hour_is_shown_as_the_one_it_is() -> None:
    with timezone.override(BERLIN):
        for hour, offset in ((0, "+02:00"), (1, "+01:00")):
            at = datetime(2026, 10, 25, hour, 30, tzinfo=UTC)
            assert f'value="{offset}" checked' in str(Form(initial={"occurred_at": at})["occurred_at"])


def test_a_time_that_the_clocks_skipped_is_refused_with_its_neighbours() -> None:
    words = refused(occurred_at=SKIPPED)
    assert "skipped 2026-03-29 02:30: after 01:59 came 03:00" in words


@pytest.mark.parametrize("year", ["0001", "9999"])
def test_a_year_at_the_end_of_the_calendar_does_not_break_the_form(year: str) -> None:
    with timezone.override(BERLIN):
        filled(occurred_at=f"{year}-01-01T00:00").full_clean()


@pytest.mark.parametrize(
    "typed",
    [
        {"weight": "٣"},
        {"weight": "8٣.5"},
        {"weight": "８０"},
        {"on": "٢٠٢٦-03-02"},
        {"occurred_at": "2026-03-٠٢T10:00"},
    ],
)
def test_digits_of_another_script_are_refused_in_words(typed: dict[str, str]) -> None:
    assert refused(**typed)


def test_the_refusal_of_foreign_digits_says_what_to_do() -> None:
    assert "digits 0 to 9" in refused(weight="٣")


@given(st.datetimes(datetime(1990, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_every_moment_is_one_of_those_its_own_clock_shows(at: datetime) -> None:
    for zone in (BERLIN, ZoneInfo("America/Chicago"), ZoneInfo("Australia/Lord_Howe")):
        local = at.astimezone(zone).replace(tzinfo=None, fold=0)
        assert at in instants(local, zone)
        assert len(instants(local, zone)) in (1, 2)


def test_a_field_says_nothing_of_what_is_no_time() -> None:
    with pytest.raises(ValidationError):
        moment("When").clean("tomorrow")
