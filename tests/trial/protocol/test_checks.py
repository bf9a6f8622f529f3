"""A protocol that contradicts itself is refused at the key that contradicts."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from tests.trial.protocol.toml_text import TABLE, at, changed, refused_key
from trial import protocol
from trial.protocol.checks import nominal_window

P = protocol.for_version(protocol.FIRST)


def refused(dotted: str, value: Any) -> str:
    """Set what stands at a dotted key (a value's text if it is a value) and give the key refused."""
    path = tuple(dotted.split("."))
    if isinstance(at(TABLE, path[:-1]).get(path[-1]), dict):
        path = (*path, "value")
    return refused_key(changed(path, value))


def added(dotted: str, text: str, unit: str) -> str:
    value = {"value": text, "unit": unit, "source": "Proposal", "status": "proposed"}
    return refused_key(changed(tuple(dotted.split(".")), value))


@pytest.mark.parametrize(
    ("key", "text", "named"),
    [
        ("visits.week_4.before", "12", "visits.week_4"),
        ("visits.week_4.after", "12", "visits.week_6"),
        ("visits.infusion_day_5.before", "61", "visits.infusion_day_5"),
        ("visits.day_5_0800.at", "21:00", "visits.infusion_day_5"),
        ("visits.day_6.before", "13", "visits.day_6"),
        ("visits.admission.after", "3", "visits.infusion_day_1"),
        ("visits.control_2.before", "7", "visits.control_2"),
        ("visits.week_2.offset", "70", "visits.week_4"),
    ],
)
def test_windows_that_overlap_or_change_places_are_refused(key: str, text: str, named: str) -> None:
    assert refused(key, text) == named


def test_nominal_windows_of_a_schedule_follow_one_another() -> None:
    for schedule in ("clinic", "phone", "imaging"):
        for population in ("patient", "control"):
            visits = P.schedule(schedule, population)
            for consent in (True, False):
                axis = [nominal_window(P, v) for v in visits if (v.anchor == "consent") == consent]
                assert all(earlier[1] <= later[0] for earlier, later in pairwise(axis))


@pytest.mark.parametrize(
    ("key", "value", "named"),
    [
        ("visits.week_2.before", "-1", "visits.week_2.before"),
        ("visits.week_2.before", "2.5", "visits.week_2.before"),
        ("visits.week_2.mode", "in person", "visits.week_2.mode"),
        ("visits.control_1.anchor", "infusion_start", "visits.control_1.anchor"),
        ("visits.week_2.instruments", "cgi_i", "visits.week_2.recall"),
        ("visits.infusion_day_1.instruments", "madrs, bprs", "visits.infusion_day_1.recall"),
        ("eligibility.age.least", "70", "eligibility.age.most"),
        ("eligibility.age.judged_by", "psychiatrist", "eligibility.age.judged_by"),
        ("eligibility.pregnancy.judged_by", "automatic", "eligibility.pregnancy.judged_by"),
        ("eligibility.severity.kind", "exclusion", "eligibility.severity.kind"),
        ("titration.start.rate", "0.75", "titration.target"),
        ("titration.step", "0.10", "titration.step_times"),
        ("titration.step_times", "12, 24", "titration.step_times"),
        ("titration.step_times", "12, 14, 36", "titration.step_times"),
        ("titration.step_times", "12, 24, 97", "titration.step_times"),
        ("titration.minimum_interval", "9", "limits.interval.hard_below"),
        ("limits.duration.soft_above", "95", "limits.duration.soft_above"),
        ("limits.rate.soft_above", "0.61", "limits.rate.soft_above"),
        ("limits.rate.hard_above", "0.55", "limits.rate"),
        ("limits.weight.hard_below", "50", "limits.weight"),
        ("limits.clonidine_rise.soft_above", "none", "limits.clonidine_rise"),
        ("clonidine.daily_maximum", "1.0", "limits.clonidine_daily.hard_above"),
        ("clonidine.first_dose", "0.4", "clonidine.target_dose"),
        ("clonidine.stop", "week_2", "clonidine.stop"),
        ("side_effects.number", "21", "side_effects.number"),
        ("side_effects.grades.mild.grade", "2", "side_effects.grades"),
        ("imaging.structures.left_amygdala.hemisphere", "right", "imaging.structures.left_amygdala"),
        ("imaging.acquisition.gap_least", "15", "imaging.acquisition.gap_most"),
        ("outcomes.response_visit", "week_2, week_8", "outcomes.response_visit"),
        ("outcomes.response_visit", "none", "outcomes.response_visit"),
        ("outcomes.sustained_visits", "week_2", "outcomes.sustained_visits"),
        ("analysis.alpha", "5", "analysis.alpha"),
        ("analysis.primary_outcomes.dmn_time.measure", "madrs", "analysis.primary_outcomes.dmn_time.measure"),
        ("analysis.primary_outcomes.dmn_time.term", "change", "analysis.primary_outcomes.dmn_time.term"),
        ("safety.suicidal_thoughts.alert_at_least", "1", "safety.suicidal_thoughts"),
        ("safety.serious_events.alarms", "12, 4", "safety.serious_events.alarms"),
    ],
)
def test_a_contradiction_is_refused_where_it_stands(key: str, value: str, named: str) -> None:
    assert refused(key, value) == named


def test_a_threshold_a_criterion_does_not_have_is_refused() -> None:
    assert added("eligibility.age.below", "30", "years") == "eligibility.age.below"


def test_a_recall_window_without_madrs_is_refused() -> None:
    assert added("visits.discharge.recall", "7", "d") == "visits.discharge.recall"


def test_a_time_of_day_on_a_visit_counted_in_hours_is_refused() -> None:
    assert added("visits.day_6.at", "08:00", "site time") == "visits.day_6.at"


@pytest.mark.parametrize(
    ("key", "unit"),
    [
        ("titration.start.rate", "mg/h"),
        ("clonidine.first_dose", "mg/kg"),
        ("limits.hourly_dose.hard_above", "mg/kg/h"),
        ("visits.week_2.offset", "min"),
        ("records.late_after", "h"),
        ("trial.title", "codes"),
    ],
)
def test_a_known_unit_in_the_wrong_place_is_refused(key: str, unit: str) -> None:
    assert refused_key(changed((*key.split("."), "unit"), unit)) == f"{key}.unit"


@pytest.mark.parametrize(
    ("table", "name"),
    [("visits", "week_8"), ("limits", "rate"), ("eligibility", "age"), ("instruments", "bprs")],
)
def test_what_the_rules_name_cannot_be_left_out_even_consistently(table: str, name: str) -> None:
    section = {key: value for key, value in TABLE[table].items() if key != name}
    section["order"] = [entry for entry in section["order"] if entry != name]
    assert refused_key(changed((table,), section)) == f"{table}.{name}"
