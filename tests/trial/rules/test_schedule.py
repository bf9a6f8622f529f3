"""Visits fall due by elapsed hours and by the site's calendar, also across a change of clocks.

Changes of clocks by the IANA time zone database 2025: Europe/Berlin 2026-03-29 01:00 UTC (forward) and
2026-10-25 01:00 UTC (back); America/Chicago 2026-03-08 08:00 UTC and 2026-11-01 07:00 UTC.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trial import protocol
from trial.protocol.schema import Population
from trial.rules.schedule import (
    Anchors,
    Window,
    due_windows,
    elapsed_hours,
    infusion_day,
    sample_time,
    utc,
    visit_state,
)

P = protocol.for_version(protocol.FIRST)
CHICAGO = ZoneInfo("America/Chicago")
BERLIN = ZoneInfo("Europe/Berlin")

ZONES = st.sampled_from([CHICAGO, BERLIN, ZoneInfo("UTC"), ZoneInfo("Australia/Lord_Howe"), ZoneInfo("Asia/Kathmandu")])
STARTS = st.integers(0, 6 * 365 * 24 * 60).map(
    lambda minutes: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)


def local(text: str, zone: ZoneInfo = CHICAGO) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def window(code: str, anchors: Anchors, zone: ZoneInfo = CHICAGO, population: Population = "patient") -> Window:
    found = due_windows(P, anchors, zone, population)[code]
    assert found is not None
    return found


def shown(at: datetime, zone: ZoneInfo = CHICAGO) -> str:
    return at.astimezone(zone).strftime("%Y-%m-%d %H:%M")


START = local("2026-06-01T10:00")
END = local("2026-06-05T10:00")
CONSENT = local("2026-05-04T14:30")
COURSE = Anchors(consent=CONSENT, infusion_start=START, infusion_end=END)


@pytest.mark.parametrize(
    ("code", "opens", "target", "closes"),
    [
        ("screening", "2026-05-04 00:00", "2026-05-04 00:00", "2026-05-26 00:00"),
        ("baseline", "2026-05-25 00:00", "2026-05-31 00:00", "2026-06-01 00:00"),
        ("admission", "2026-06-01 06:00", "2026-06-01 08:00", "2026-06-01 10:00"),
        ("infusion_day_1", "2026-06-01 10:00", "2026-06-01 16:00", "2026-06-01 22:00"),
        ("infusion_day_3", "2026-06-03 08:00", "2026-06-03 16:00", "2026-06-03 22:00"),
        ("day_5_0800", "2026-06-05 07:45", "2026-06-05 08:00", "2026-06-05 08:15"),
        ("infusion_day_5", "2026-06-05 08:15", "2026-06-05 09:00", "2026-06-05 10:00"),
        ("discharge", "2026-06-05 10:00", "2026-06-05 14:00", "2026-06-05 22:00"),
        ("day_6", "2026-06-05 22:00", "2026-06-06 10:00", "2026-06-06 22:00"),
        ("week_2", "2026-06-16 00:00", "2026-06-19 00:00", "2026-06-23 00:00"),
        ("week_8", "2026-07-28 00:00", "2026-07-31 00:00", "2026-08-04 00:00"),
        ("pre2", "2026-05-18 10:00", "2026-06-01 10:00", "2026-06-01 10:00"),
        ("post", "2026-06-16 00:00", "2026-06-19 00:00", "2026-06-23 00:00"),
    ],
)
def test_a_course_as_planned_is_due_as_the_calendar_says(code: str, opens: str, target: str, closes: str) -> None:
    found = window(code, COURSE)
    assert (shown(found.opens), shown(found.target), shown(found.closes)) == (opens, target, closes)
    assert not found.provisional


@pytest.mark.parametrize(
    ("zone", "start", "hour_96"),
    [
        (BERLIN, "2026-03-27T10:00", "2026-03-31 11:00"),  # forward on 29 March
        (BERLIN, "2026-10-23T10:00", "2026-10-27 09:00"),  # back on 25 October
        (CHICAGO, "2026-03-06T10:00", "2026-03-10 11:00"),  # forward on 8 March
        (CHICAGO, "2026-10-30T10:00", "2026-11-03 09:00"),  # back on 1 November
        (CHICAGO, "2026-06-01T10:00", "2026-06-05 10:00"),
    ],
)
def test_hour_96_is_96_elapsed_hours_across_a_change_of_clocks(zone: ZoneInfo, start: str, hour_96: str) -> None:
    begun = local(start, zone)
    end = begun.astimezone(UTC) + P.titration.duration.elapsed
    assert shown(end, zone) == hour_96
    assert elapsed_hours(begun, local(hour_96.replace(" ", "T"), zone)) == Decimal(96)


def test_clocks_of_one_zone_are_not_subtracted_by_the_wall() -> None:
    """Python subtracts two times of one zone by the wall; 09:00 to 09:00 over 29 March is 23 hours."""
    before, after = local("2026-03-28T09:00", BERLIN), local("2026-03-29T09:00", BERLIN)
    assert after - before == timedelta(hours=24)
    assert elapsed_hours(before, after) == Decimal(23)


def test_the_repeated_hour_in_autumn_is_counted_twice() -> None:
    first = datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN)
    second = first.replace(fold=1)
    assert elapsed_hours(first, second) == Decimal(1)


@pytest.mark.parametrize(("zone", "start"), [(BERLIN, "2026-03-27T10:00"), (CHICAGO, "2026-10-30T10:00")])
def test_eight_in_the_morning_of_day_5_stays_eight_by_the_wall(zone: ZoneInfo, start: str) -> None:
    found = window("day_5_0800", Anchors(infusion_start=local(start, zone)), zone)
    assert shown(found.target, zone).endswith("08:00")
    assert found.closes - found.opens == timedelta(minutes=30)


def test_day_6_is_24_elapsed_hours_after_the_end_across_a_change_of_clocks() -> None:
    end = local("2026-03-28T10:00", BERLIN)
    found = window("day_6", Anchors(infusion_start=local("2026-03-24T10:00", BERLIN), infusion_end=end), BERLIN)
    assert shown(found.target, BERLIN) == "2026-03-29 11:00"


def test_a_week_is_counted_in_dates_across_a_change_of_clocks() -> None:
    anchors = Anchors(infusion_start=local("2026-10-16T10:00", BERLIN), infusion_end=local("2026-10-20T10:00", BERLIN))
    found = window("week_2", anchors, BERLIN)
    assert shown(found.opens, BERLIN) == "2026-10-31 00:00"
    assert shown(found.closes, BERLIN) == "2026-11-07 00:00"


def test_a_phone_window_over_the_change_of_clocks_is_an_hour_longer() -> None:
    anchors = Anchors(infusion_start=local("2026-10-07T10:00", BERLIN), infusion_end=local("2026-10-11T10:00", BERLIN))
    found = window("week_2", anchors, BERLIN)
    assert found.closes - found.opens == timedelta(days=7, hours=1)


@given(start=STARTS, zone=ZONES)
@settings(max_examples=60, deadline=None)
def test_windows_are_in_utc_contain_their_target_and_keep_their_order(start: datetime, zone: ZoneInfo) -> None:
    anchors = Anchors(consent=start - timedelta(days=40), infusion_start=start)
    for code, found in due_windows(P, anchors, zone).items():
        assert found is not None, code
        assert found.opens.tzinfo is UTC
        assert found.opens <= found.target <= found.closes, code


@given(start=STARTS, zone=ZONES, minutes=st.integers(0, 60 * 24 * 90))
@settings(max_examples=60, deadline=None)
def test_no_instant_lies_in_two_phone_windows(start: datetime, zone: ZoneInfo, minutes: int) -> None:
    windows = due_windows(P, Anchors(infusion_start=start), zone)
    at = start + timedelta(minutes=minutes)
    holding = [visit.code for visit in P.schedule("phone") if (w := windows[visit.code]) and w.holds(at)]
    assert len(holding) <= 1


@given(start=STARTS, zone=ZONES, hours=st.integers(-200, 2000))
def test_elapsed_hours_do_not_depend_on_the_zone(start: datetime, zone: ZoneInfo, hours: int) -> None:
    at = start + timedelta(hours=hours)
    assert elapsed_hours(start.astimezone(zone), at.astimezone(zone)) == hours


def test_a_visit_whose_anchor_is_unknown_has_no_window() -> None:
    windows = due_windows(P, Anchors(consent=CONSENT), CHICAGO)
    assert windows["screening"] is not None
    assert windows["baseline"] is None
    assert windows["week_2"] is None


def test_windows_from_a_plan_are_provisional_until_it_happens() -> None:
    planned = Anchors(consent=CONSENT, planned_start=START)
    assert window("baseline", planned).provisional
    assert window("week_2", planned).provisional
    assert not window("screening", planned).provisional
    running = Anchors(consent=CONSENT, infusion_start=START)
    assert not window("baseline", running).provisional
    assert window("week_2", running).provisional
    assert window("week_2", running).opens == window("week_2", COURSE).opens


def test_an_early_stop_moves_every_visit_after_it() -> None:
    stopped = Anchors(infusion_start=START, infusion_end=local("2026-06-03T10:00"))
    assert shown(window("day_6", stopped).target) == "2026-06-04 10:00"
    assert shown(window("week_2", stopped).target) == "2026-06-17 00:00"


def test_controls_have_windows_of_their_own() -> None:
    windows = due_windows(P, Anchors(consent=CONSENT), CHICAGO, "control")
    assert list(windows) == ["control_1", "control_2"]
    assert all(windows.values())


def test_the_day_of_the_infusion_follows_the_sites_calendar() -> None:
    assert infusion_day(START, START, CHICAGO) == 1
    assert infusion_day(START, local("2026-06-01T23:59"), CHICAGO) == 1
    assert infusion_day(START, local("2026-06-02T00:00"), CHICAGO) == 2
    assert infusion_day(START, END, CHICAGO) == 5
    assert infusion_day(START, local("2026-05-31T12:00"), CHICAGO) == 0


@pytest.mark.parametrize(
    ("sample", "due"),
    [
        ("before_start", "2026-06-01 10:00"),
        ("day_2_0800", "2026-06-02 08:00"),
        ("day_5_0800", "2026-06-05 08:00"),
        ("infusion_end", "2026-06-05 10:00"),
        ("one_hour_after", "2026-06-05 11:00"),
    ],
)
def test_serum_is_drawn_before_daily_at_the_end_and_an_hour_after(sample: str, due: str) -> None:
    at = sample_time(P, sample, COURSE, CHICAGO)
    assert at is not None
    assert shown(at) == due
    assert sample_time(P, sample, Anchors(), CHICAGO) is None


@pytest.mark.parametrize(
    ("now", "state"),
    [
        ("2026-06-15T23:59", "upcoming"),
        ("2026-06-16T00:00", "due"),
        ("2026-06-19T23:59", "due"),
        ("2026-06-20T00:00", "overdue"),
        ("2026-06-22T23:59", "overdue"),
        ("2026-06-23T00:00", "missed"),
    ],
)
def test_a_visit_not_held_is_upcoming_due_overdue_or_missed(now: str, state: str) -> None:
    assert visit_state(window("week_2", COURSE), local(now)) == state


@pytest.mark.parametrize(
    ("held", "state"),
    [
        ("2026-06-15T23:59", "early"),
        ("2026-06-16T00:00", "in window"),
        ("2026-06-22T23:59", "in window"),
        ("2026-06-23T00:00", "late"),
    ],
)
def test_a_visit_held_is_early_in_window_or_late_whatever_the_time_now(held: str, state: str) -> None:
    for now in ("2026-06-01T00:00", "2026-12-01T00:00"):
        assert visit_state(window("week_2", COURSE), local(now), local(held)) == state


def test_a_scan_before_the_infusion_is_late_once_the_infusion_runs() -> None:
    pre2 = window("pre2", COURSE)
    assert visit_state(pre2, END, START - timedelta(seconds=1)) == "in window"
    assert visit_state(pre2, END, START) == "late"


def test_a_window_holds_its_opening_but_not_its_closing() -> None:
    found = window("week_2", COURSE)
    assert found.holds(found.opens)
    assert found.holds(found.closes - timedelta(microseconds=1))
    assert not found.holds(found.closes)
    assert not found.holds(found.opens - timedelta(microseconds=1))


def test_a_visit_due_at_a_time_is_overdue_from_that_time() -> None:
    found = window("day_5_0800", COURSE)
    assert visit_state(found, local("2026-06-05T07:59")) == "due"
    assert visit_state(found, local("2026-06-05T08:00")) == "overdue"


def test_a_date_of_25_hours_is_due_to_its_end() -> None:
    anchors = Anchors(infusion_start=local("2026-10-07T10:00", BERLIN), infusion_end=local("2026-10-11T10:00", BERLIN))
    found = window("week_2", anchors, BERLIN)
    assert visit_state(found, local("2026-10-25T23:59", BERLIN)) == "due"
    assert visit_state(found, local("2026-10-26T00:00", BERLIN)) == "overdue"


def test_a_visit_without_a_window_is_unscheduled() -> None:
    assert visit_state(None, START) == "unscheduled"
    assert visit_state(None, START, START) == "unscheduled"


def test_a_time_without_a_zone_is_refused() -> None:
    naive = datetime(2026, 6, 1, 10)  # noqa: DTZ001  the very thing refused
    with pytest.raises(ValueError, match="no time zone"):
        utc(naive)
    with pytest.raises(ValueError, match="infusion_start 2026-06-01T10:00:00 has no time zone"):
        Anchors(infusion_start=naive)
