"""Rates, pump arithmetic, clonidine and vital signs are judged from the protocol.

Expected values: pump vectors and totals of an independent decimal script (reference of 2026-11, section
"infusion arithmetic vectors"); limits as printed in the protocol file ketamine_96h_v1.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infusion.rules import (
    Course,
    RateEvent,
    alert_level,
    earliest_increase,
    judge_clonidine,
    judge_concentration,
    judge_end,
    judge_increase,
    judge_positive_items,
    judge_rate,
    judge_vitals,
    judge_weight,
    next_step,
    next_vitals,
    pump_setting,
)
from trial import protocol

D = Decimal
PROTOCOL = protocol.for_version("ketamine_96h_v1")
START = datetime(2026, 3, 2, 16, 0, tzinfo=UTC)
KG = D("80")

# kg, mg/kg/h, mg/mL, mg/h, exact mL/h, programmed mL/h, error %
VECTORS = [
    ("80", "0.15", "2", "12.0000", "6.0000", "6.0", "0.00"),
    ("80", "0.30", "2", "24.0000", "12.0000", "12.0", "0.00"),
    ("80", "0.45", "2", "36.0000", "18.0000", "18.0", "0.00"),
    ("80", "0.60", "2", "48.0000", "24.0000", "24.0", "0.00"),
    ("73.4", "0.15", "2", "11.0100", "5.5050", "5.5", "-0.09"),
    ("73.4", "0.60", "2", "44.0400", "22.0200", "22.0", "-0.09"),
    ("48.7", "0.15", "5", "7.3050", "1.4610", "1.5", "2.67"),
    ("112.3", "0.60", "2", "67.3800", "33.6900", "33.7", "0.03"),
]


def at(hours: float) -> datetime:
    return START + timedelta(hours=hours)


def course(*steps: tuple[float, str], ended: float | None = None) -> Course:
    events = tuple(RateEvent(at(hour), D(rate)) for hour, rate in steps)
    return Course(START, events, None if ended is None else at(ended))


TITRATION = course((0, "0.15"), (12, "0.30"), (24, "0.45"), (36, "0.60"))


@pytest.mark.parametrize(("kg", "rate", "mg_ml", "hourly", "exact", "programmed", "error"), VECTORS)
def test_pump_arithmetic_follows_the_vectors(
    kg: str, rate: str, mg_ml: str, hourly: str, exact: str, programmed: str, error: str
) -> None:
    found = pump_setting(D(kg), D(rate), D(mg_ml), PROTOCOL)
    assert found.mg_per_h == D(hourly)
    assert found.ml_per_h == D(exact)
    assert found.programmed == D(programmed)
    assert round(found.error_percent, 2) == D(error)
    assert found.verdict.ok == (abs(D(error)) <= D("2.5"))


def test_a_rate_that_rounds_too_far_is_refused_with_another_concentration() -> None:
    verdict = pump_setting(D("48.7"), D("0.15"), D("5"), PROTOCOL).verdict
    assert verdict.severity == "hard"
    assert verdict.why.endswith("Hang 1 mg/mL and run 7.3 mL/h")  # 7.305 mL/h, -0.07 %; 2 mg/mL would be +1.3 %


def test_a_rate_slower_than_the_pump_is_refused() -> None:
    assert pump_setting(D("40"), D("0.0001"), D("5"), PROTOCOL).verdict.severity == "hard"


def test_rate_zero_is_nothing_on_the_pump() -> None:
    found = pump_setting(KG, D(0), D(2), PROTOCOL)
    assert found.programmed == 0
    assert found.verdict.ok


@given(
    st.decimals("35", "200", places=1),
    st.decimals("0.01", "0.612", places=4),
    st.sampled_from([D("0.5"), D(1), D(2), D(5)]),
)
def test_rounding_never_passes_a_hard_limit(kg: Decimal, rate: Decimal, mg_ml: Decimal) -> None:
    found = pump_setting(kg, rate, mg_ml, PROTOCOL)
    assert found.programmed * mg_ml <= D("0.612") * kg
    if found.mg_per_h <= 72:
        assert found.programmed * mg_ml <= 72


rates = st.decimals("0", "2", places=4)


@given(rates, rates, st.floats(0, 200), st.decimals("35", "200", places=1))
def test_lowering_is_never_refused(current: Decimal, proposed: Decimal, hours: float, kg: Decimal) -> None:
    lower = min(current, proposed)
    running = Course(START, (RateEvent(START, current),))
    assert judge_rate(running, lower, at(hours), kg, PROTOCOL).ok


@pytest.mark.parametrize(
    ("running", "proposed", "hour", "severity"),
    [
        (course(), "0.15", 0, "none"),
        (course(), "0.30", 0, "soft"),  # step above 0.15
        (course(), "0.45", 0, "hard"),  # step above 0.30
        (course((0, "0.15")), "0.30", 12, "none"),
        (course((0, "0.15")), "0.30", 10, "none"),
        (course((0, "0.15")), "0.30", 9.9, "soft"),
        (course((0, "0.15")), "0.30", 8, "soft"),
        (course((0, "0.15")), "0.30", 7.9, "hard"),
        (course((0, "0.45")), "0.60", 12, "none"),
        (course((0, "0.45")), "0.61", 12, "soft"),
        (course((0, "0.45")), "0.6121", 12, "hard"),
        (course((0, "0.05")), "0.08", 12, "soft"),  # below 0.10
        (course((0, "0.15")), "0.30", 97, "soft"),  # beyond 96 h
        (course((0, "0.15")), "0.30", 105, "hard"),  # beyond 104 h
        (course((0, "0.15"), (12, "0.30"), (14, "0.15")), "0.30", 16, "hard"),  # 4 h after the last increase
    ],
)
def test_a_rate_is_judged_against_every_limit(running: Course, proposed: str, hour: float, severity: str) -> None:
    assert judge_rate(running, D(proposed), at(hour), KG, PROTOCOL).severity == severity


def test_the_hourly_dose_binds_heavy_people() -> None:
    running = course((0, "0.45"))
    assert judge_rate(running, D("0.60"), at(12), D("100"), PROTOCOL).ok  # 60 mg/h
    assert judge_rate(running, D("0.60"), at(12), D("110"), PROTOCOL).severity == "soft"
    assert judge_rate(running, D("0.60"), at(12), D("121"), PROTOCOL).severity == "hard"  # 72.6 mg/h


def test_the_cumulative_dose_is_judged_as_it_would_end() -> None:
    overrun = course((0, "0.70"), (90, "0.30"))  # 63 mg/kg by hour 90
    assert judge_rate(overrun, D("0.45"), at(101), KG, PROTOCOL).severity == "hard"


def test_resuming_after_a_pause_is_no_increase() -> None:
    paused = course((0, "0.15"), (12, "0.30"), (13, "0"))
    assert judge_rate(paused, D("0.30"), at(13.5), KG, PROTOCOL).ok
    assert judge_rate(paused, D("0.31"), at(13.5), KG, PROTOCOL).severity == "hard"


def test_a_verdict_says_everything_that_stands_against() -> None:
    why = judge_rate(course((0, "0.15")), D("0.70"), at(1), KG, PROTOCOL).why
    assert "Rate 0.70" in why
    assert "Increase per step 0.55" in why
    assert "Interval between increases 1 h" in why


def test_a_negative_rate_is_an_error() -> None:
    with pytest.raises(ValueError, match="0 stops"):
        judge_rate(course(), D("-0.1"), START, KG, PROTOCOL)


def test_the_assumed_titration_delivers_its_reference_total() -> None:
    assert TITRATION.delivered(at(96)) == D("46.8")  # mg/kg; 3744 mg at 80 kg
    assert TITRATION.delivered(at(96)) * KG == 3744
    assert course((0, "0.60")).delivered(at(96)) == D("57.6")


def test_pauses_count_nothing_and_the_end_stops_the_count() -> None:
    paused = course((0, "0.30"), (10, "0"), (12, "0.30"), ended=20)
    assert paused.delivered(at(11)) == 3
    assert paused.delivered(at(500)) == D("5.4")
    assert paused.rate_at(at(20)) == 0


@pytest.mark.parametrize(("month", "day", "local_hours"), [(3, 7, 97), (10, 31, 95)])
def test_elapsed_hours_are_real_hours_across_a_change_of_clocks(month: int, day: int, local_hours: int) -> None:
    chicago = ZoneInfo("America/Chicago")  # clocks change 2026-03-08 and 2026-11-01
    start = datetime(2026, month, day, 10, 0, tzinfo=chicago)
    end = (start.astimezone(UTC) + timedelta(hours=96)).astimezone(chicago)
    assert (end.replace(tzinfo=None) - start.replace(tzinfo=None)) == timedelta(hours=local_hours)
    running = Course(start, (RateEvent(start, D("0.60")),), end)
    assert running.elapsed(end) == 96
    assert running.delivered(end) == D("57.6")


@given(st.lists(st.tuples(st.integers(0, 96), rates), max_size=8), st.integers(0, 96))
def test_the_dose_never_shrinks_and_splits_anywhere(steps: list[tuple[int, Decimal]], cut: int) -> None:
    events = tuple(RateEvent(at(hour), rate) for hour, rate in sorted(steps, key=lambda step: step[0]))
    whole = Course(START, events)
    assert whole.delivered(at(cut)) <= whole.delivered(at(96))
    rest = sum((whole.rate_at(at(h)) for h in range(cut, 96)), D(0))  # every event falls on a full hour
    assert whole.delivered(at(96)) == whole.delivered(at(cut)) + rest


def test_the_final_rate_is_the_last_above_zero_before_the_end() -> None:
    assert course((0, "0.15"), (12, "0.30"), (90, "0"), ended=90).final_rate == D("0.30")
    assert course((0, "0.15"), (12, "0.60"), (24, "0.45"), (96, "0"), ended=96).final_rate == D("0.45")
    assert course((0, "0.15"), (12, "0.30"), ended=12).final_rate == D("0.15")  # what began at the end never ran
    assert course().final_rate == 0


@pytest.mark.parametrize(
    ("running", "hour", "due", "rate"),
    [
        (course((0, "0.15")), 1, 12, "0.30"),
        (course((0, "0.15")), 15, 12, "0.30"),  # overdue
        (course((0, "0.15"), (13, "0.30")), 14, 24, "0.45"),
        (course((0, "0.15"), (20, "0.30")), 21, 28, "0.45"),  # not before the minimum interval of 8 h
        (course((0, "0.15"), (12, "0.30"), (24, "0.45"), (30, "0.30")), 31, 38, "0.45"),  # stepped down
        (course((0, "0.15"), (2, "0.10")), 3, 12, "0.25"),  # no more than one step
    ],
)
def test_the_next_step_is_due(running: Course, hour: float, due: float, rate: str) -> None:
    assert next_step(running, at(hour), PROTOCOL) == (at(due), D(rate))


def test_no_step_follows_at_the_target_in_a_pause_or_after_the_end() -> None:
    assert next_step(TITRATION, at(40), PROTOCOL) is None
    assert next_step(course((0, "0.15"), (5, "0")), at(6), PROTOCOL) is None
    assert next_step(course((0, "0.15"), ended=5), at(6), PROTOCOL) is None


def test_an_end_is_described_by_duration_and_dose() -> None:
    assert judge_end(TITRATION, at(96), PROTOCOL).ok
    assert judge_end(TITRATION, at(97), PROTOCOL).severity == "soft"
    assert judge_end(TITRATION, at(105), PROTOCOL).severity == "hard"


@pytest.mark.parametrize(
    ("kg", "screened", "severity"),
    [
        ("80", None, "none"), ("80", "80", "none"), ("88", "80", "none"), ("88.1", "80", "soft"),
        ("71.9", "80", "soft"),
        ("44.9", None, "soft"), ("120.1", None, "soft"), ("34.9", None, "hard"), ("200.1", None, "hard"),
    ],
)  # fmt: skip
def test_the_dosing_weight_is_judged(kg: str, screened: str | None, severity: str) -> None:
    assert judge_weight(D(kg), D(screened) if screened else None, PROTOCOL).severity == severity


@pytest.mark.parametrize(
    ("mg_ml", "severity"),
    [("1", "none"), ("2", "none"), ("1.5", "soft"), ("5", "soft"), ("5.1", "hard"), ("0.4", "hard")],
)
def test_a_concentration_is_judged(mg_ml: str, severity: str) -> None:
    assert judge_concentration(D(mg_ml), PROTOCOL).severity == severity


@pytest.mark.parametrize(
    ("dose", "today", "yesterday", "severity"),
    [
        ("0.1", [], [], "none"),
        ("0.1", ["0.1"], [], "none"),  # 0.2 mg on the first day
        ("0.2", ["0.1"], [], "soft"),  # rises by 0.3 mg/day
        ("0.3", ["0.3"], ["0.2", "0.2"], "none"),
        ("0.3", ["0.3", "0.1"], ["0.3", "0.3"], "hard"),  # 0.7 mg
        ("0", ["0.6", "0.6"], [], "none"),
    ],
)
def test_clonidine_is_judged_by_the_day(dose: str, today: list[str], yesterday: list[str], severity: str) -> None:
    verdict = judge_clonidine(D(dose), [D(d) for d in today], [D(d) for d in yesterday], PROTOCOL)
    assert verdict.severity == severity


@pytest.mark.parametrize(
    ("reading", "level", "may_rise"),
    [
        ({"systolic": 120, "diastolic": 80, "heart_rate": 70}, None, True),
        ({"systolic": 89}, "urgent", True),
        ({"systolic": 79}, "emergency", False),
        ({"heart_rate": 50}, None, True),
        ({"heart_rate": 49}, "urgent", True),
        ({"heart_rate": 39}, "emergency", False),
        ({"systolic": 159}, None, True),
        ({"systolic": 160}, "review", False),
        ({"systolic": 180}, "urgent", False),
        ({"diastolic": 100}, "review", False),
        ({"diastolic": 110}, "urgent", False),
        ({"oxygen_saturation": 92}, None, True),
        ({"oxygen_saturation": 91}, "emergency", False),
        ({"respiratory_rate": 9}, "emergency", False),
        ({"respiratory_rate": None}, None, True),
    ],
)
def test_vital_signs_pull_triggers(reading: dict[str, int | None], level: str | None, may_rise: bool) -> None:
    triggers = judge_vitals(reading, PROTOCOL)
    assert alert_level(triggers) == level
    assert judge_increase(triggers).ok == may_rise


def test_the_gravest_trigger_of_a_variable_speaks() -> None:
    assert [t.id for t in judge_vitals({"systolic": 185, "heart_rate": 45}, PROTOCOL)] == [
        "systolic_from_180",
        "heart_rate_below_50",
    ]


def test_positive_items_are_marked_from_five() -> None:
    scores = {"hallucinatory_behaviour": 5, "suspiciousness": 4, "anxiety": 7}
    assert judge_positive_items(scores, PROTOCOL) == ("hallucinatory_behaviour",)


@pytest.mark.parametrize(
    ("last", "is_alarming", "awake", "asleep"),
    [
        (None, False, 0.25, 0.25),  # 15 min after the start
        (-1.0, False, 0.25, 0.25),  # what was taken before the start does not count
        (0.25, False, 0.5, 0.5),
        (0.9, False, 1.0, 1.0),  # the last of the hour after a change
        (1.0, False, 2.0, 5.0),  # hourly awake, every 4 h asleep
        (3.0, False, 4.0, 7.0),
        (3.0, True, 3.0 + 5 / 60, 3.0 + 5 / 60),  # repeat after 5 min
    ],
)
def test_vital_signs_are_due_by_the_frequency_of_the_protocol(
    last: float | None, is_alarming: bool, awake: float, asleep: float
) -> None:
    taken = None if last is None else at(last)
    due = next_vitals(course((0, "0.15")), taken, is_alarming, PROTOCOL)
    assert (due.awake, due.asleep) == (at(awake), at(asleep))


def test_a_change_of_rate_a_pause_and_a_resumption_begin_the_close_readings_again() -> None:
    for steps in ([(0, "0.15"), (12, "0.30")], [(0, "0.15"), (12, "0")], [(0, "0.15"), (10, "0"), (12, "0.15")]):
        assert next_vitals(course(*steps), at(11.5), False, PROTOCOL).awake == at(12.25)
    same_rate = course((0, "0.15"), (12, "0.15"))  # a new bag
    assert next_vitals(same_rate, at(12.5), False, PROTOCOL).awake == at(13.5)


def test_the_earliest_increase_counts_from_the_last_one_and_not_from_a_pause() -> None:
    paused = course((0, "0.15"), (12, "0.30"), (14, "0"), (15, "0.30"))
    earliest = earliest_increase(paused, at(16), PROTOCOL)
    assert earliest is not None
    assert (earliest.with_reason, earliest.freely) == (at(20), at(22))
    assert earliest_increase(Course(START), at(1), PROTOCOL) is None
