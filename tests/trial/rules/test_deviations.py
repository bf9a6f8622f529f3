"""Departures are classed, described in the site's time, and tied to the value departed from."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from trial import protocol
from trial.rules.deviations import (
    consent_deviation,
    eligibility_deviation,
    late_entry_deviation,
    limit_deviation,
    missed_deviation,
    order_deviations,
    window_deviation,
)
from trial.rules.schedule import Anchors, due_windows
from trial.rules.verdict import ALLOWED, judge_limit, refuse

P = protocol.for_version(protocol.FIRST)
ZONE = ZoneInfo("America/Chicago")


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


START, END = local("2026-06-01T10:00"), local("2026-06-05T10:00")
WINDOWS = due_windows(P, Anchors(local("2026-05-04T09:00"), START, END), ZONE)
RUNNING = due_windows(P, Anchors(infusion_start=START), ZONE)


def test_a_phone_call_after_its_window_is_an_important_deviation_in_words() -> None:
    found = window_deviation(WINDOWS["week_2"], local("2026-06-24T09:15"), ZONE)
    assert found is not None
    assert (found.kind, found.important, found.visit) == ("window", True, "week_2")
    assert found.key == "visits.week_2.after"
    assert found.description == ("Week 2 was held 2026-06-24 09:15, late: the window closed 2026-06-23 00:00.")


def test_a_phone_call_before_its_window_names_the_opening() -> None:
    found = window_deviation(WINDOWS["week_2"], local("2026-06-15T09:00"), ZONE)
    assert found is not None
    assert found.description.endswith("early: the window opened 2026-06-16 00:00.")
    assert found.key == "visits.week_2.before"


def test_a_visit_without_madrs_out_of_its_window_is_minor() -> None:
    found = window_deviation(WINDOWS["day_5_0800"], local("2026-06-05T08:20"), ZONE)
    assert found is not None
    assert not found.important


def test_a_visit_in_its_window_or_without_a_binding_one_is_no_deviation() -> None:
    assert window_deviation(WINDOWS["week_2"], local("2026-06-19T09:00"), ZONE) is None
    assert window_deviation(None, START, ZONE) is None
    assert window_deviation(RUNNING["week_2"], local("2026-09-01T09:00"), ZONE) is None


def test_a_visit_is_missed_only_once_its_window_has_closed() -> None:
    assert missed_deviation(WINDOWS["week_4"], local("2026-07-06T23:59"), ZONE) is None
    found = missed_deviation(WINDOWS["week_4"], local("2026-07-07T00:00"), ZONE)
    assert found is not None
    assert (found.kind, found.important) == ("missed", True)
    assert found.description == "Week 4 was not held; its window closed 2026-07-07 00:00."
    assert missed_deviation(RUNNING["week_4"], local("2027-01-01T00:00"), ZONE) is None


def test_a_visit_before_the_one_that_precedes_it_is_out_of_order() -> None:
    held = {"week_2": local("2026-06-30T09:00"), "week_4": local("2026-06-29T09:00"), "day_6": END}
    (found,) = order_deviations(P, held, ZONE)
    assert (found.kind, found.visit) == ("order", "week_4")
    assert found.description == ("Week 4 was held 2026-06-29 09:00, before Week 2 (2026-06-30 09:00).")


def test_schedules_are_ordered_each_by_itself() -> None:
    held = {"pre2": START - timedelta(days=1), "screening": START, "week_2": END}
    assert order_deviations(P, held, ZONE) == ()


def test_an_unknown_visit_is_refused_by_its_code() -> None:
    with pytest.raises(ValueError, match="week_3"):
        order_deviations(P, {"week_3": START}, ZONE)


def test_a_procedure_without_or_before_consent_is_always_important() -> None:
    before = consent_deviation("MADRS", START, START + timedelta(minutes=1), ZONE)
    none = consent_deviation("MADRS", START, None, ZONE)
    assert before is not None
    assert none is not None
    assert before.important
    assert none.important
    assert before.description.endswith("but consent was given 2026-06-01 10:01.")
    assert none.description.endswith("but no consent is recorded.")
    assert consent_deviation("MADRS", START, START, ZONE) is None


def test_a_hard_limit_is_important_and_a_soft_one_minor() -> None:
    hard = limit_deviation(judge_limit(P.limits["rate"], Decimal("0.75")), "Rate changed", START, ZONE)
    soft = limit_deviation(judge_limit(P.limits["rate"], Decimal("0.61")), "Rate changed", START, ZONE)
    assert hard is not None
    assert soft is not None
    assert (hard.important, soft.important) == (True, False)
    assert hard.key == "limits.rate.hard_above"
    assert hard.description == ("Rate changed at 2026-06-01 10:00: Rate 0.75 mg/kg/h is above 0.612 mg/kg/h.")
    assert limit_deviation(ALLOWED, "Rate changed", START, ZONE) is None


def test_an_infusion_in_someone_not_eligible_is_important() -> None:
    found = eligibility_deviation(refuse("Not enrolled. Age: 17.", P.titration.target))
    assert found is not None
    assert (found.kind, found.important) == ("eligibility", True)
    assert "Age: 17" in found.description
    assert eligibility_deviation(ALLOWED) is None


def test_an_entry_is_late_after_sixty_minutes_and_not_at_sixty() -> None:
    assert late_entry_deviation(P, "Vital signs", START, START + timedelta(minutes=60), ZONE) is None
    found = late_entry_deviation(P, "Vital signs", START, START + timedelta(minutes=60, seconds=1), ZONE)
    assert found is not None
    assert (found.kind, found.important, found.key) == ("late entry", False, "records.late_after")
    assert "more than 60 min later" in found.description
