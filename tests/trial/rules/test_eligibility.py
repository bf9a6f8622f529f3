"""Who may be enrolled: each criterion at, above and below its threshold, and nothing on an unknown.

Thresholds: the publication's Methods, Enrollment (18-65 years, MADRS at least 22, at least two adequate
trials in the current episode, SSRI/SNRI constant for at least 6 weeks); heart rate 50 is proposed.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trial import protocol
from trial.rules.eligibility import (
    AntidepressantTrial,
    DoseChange,
    DrugClass,
    Facts,
    Medication,
    count_failures,
    judge_criterion,
    judge_eligibility,
)

P = protocol.for_version(protocol.FIRST)
INFUSION = date(2026, 6, 1)
SIX_WEEKS_BEFORE = date(2026, 4, 20)
FAILURE = AntidepressantTrial("sertraline", True, True, True, responded=False)
UNSURE = AntidepressantTrial("bupropion", True, None, True, responded=False)
BY_PSYCHIATRIST = [c for c in P.eligibility.values() if c.judged_by == "psychiatrist"]
AUTOMATIC = [c.id for c in P.eligibility.values() if c.judged_by == "automatic"]


def drug(*changes: tuple[date, str], drug_class: DrugClass = "ssri") -> Medication:
    return Medication("sertraline", drug_class, tuple(DoseChange(on, Decimal(dose)) for on, dose in changes))


GOOD = Facts(
    age=40,
    madrs_total=29,
    heart_rate=Decimal(70),
    antidepressant_trials=(FAILURE, FAILURE, FAILURE),
    medications=(drug((date(2025, 1, 1), "100")),),
    infusion_on=INFUSION,
    judgements={c.id: c.kind == "inclusion" for c in BY_PSYCHIATRIST},
)


def answer(criterion: str, facts: Facts) -> str:
    return judge_criterion(P.eligibility[criterion], facts).answer


def reason(criterion: str, facts: Facts) -> str:
    return judge_criterion(P.eligibility[criterion], facts).reason


def test_a_person_who_meets_everything_may_be_enrolled() -> None:
    judged = judge_eligibility(P, GOOD)
    assert judged.answer == "eligible"
    assert judged.may_enrol.ok
    assert [j.criterion.id for j in judged.judgements] == list(P.eligibility)


def test_a_person_of_whom_nothing_is_known_is_undecided_and_not_enrolled() -> None:
    judged = judge_eligibility(P, Facts())
    assert {j.answer for j in judged.judgements} == {"unknown"}
    assert judged.answer == "undecided"
    assert judged.may_enrol.severity == "hard"


@pytest.mark.parametrize(
    ("age", "expected"),
    [(17, "fail"), (18, "pass"), (40, "pass"), (65, "pass"), (66, "fail"), (None, "unknown")],
)
def test_age_is_18_to_65(age: int | None, expected: str) -> None:
    assert answer("age", replace(GOOD, age=age)) == expected


@pytest.mark.parametrize(("total", "expected"), [(21, "fail"), (22, "pass"), (60, "pass"), (None, "unknown")])
def test_severity_is_a_madrs_of_at_least_22(total: int | None, expected: str) -> None:
    assert answer("severity", replace(GOOD, madrs_total=total)) == expected


@pytest.mark.parametrize(("rate", "expected"), [("49.9", "fail"), ("50", "pass"), (None, "unknown")])
def test_a_heart_rate_below_50_excludes(rate: str | None, expected: str) -> None:
    assert answer("slow_heart_rate", replace(GOOD, heart_rate=Decimal(rate) if rate else None)) == expected


@pytest.mark.parametrize(
    ("trials", "expected"),
    [
        ((), "fail"),
        ((FAILURE,), "fail"),
        ((FAILURE, FAILURE), "pass"),
        ((FAILURE, UNSURE), "unknown"),
        ((FAILURE, FAILURE, UNSURE), "pass"),
        ((UNSURE,), "fail"),
        ((FAILURE, replace(FAILURE, in_current_episode=False)), "fail"),
        ((FAILURE, replace(FAILURE, adequate_dose=False)), "fail"),
        ((FAILURE, replace(FAILURE, adequate_duration=False)), "fail"),
        ((FAILURE, replace(FAILURE, responded=True)), "fail"),
        (None, "unknown"),
    ],
)
def test_resistance_is_two_adequate_failures_in_the_current_episode(
    trials: tuple[AntidepressantTrial, ...] | None, expected: str
) -> None:
    assert answer("treatment_resistance", replace(GOOD, antidepressant_trials=trials)) == expected


def test_a_trial_counts_only_if_every_part_is_known_and_right() -> None:
    """Truth table of all 81 combinations: any wrong part rules it out, else any unknown leaves it open."""
    for episode, dose, duration, responded in product([True, False, None], repeat=4):
        wrong = episode is False or dose is False or duration is False or responded is True
        unknown = None in (episode, dose, duration, responded)
        expected = False if wrong else (None if unknown else True)
        assert AntidepressantTrial("x", episode, dose, duration, responded).counts is expected


def test_unsure_trials_count_at_most() -> None:
    assert count_failures((FAILURE, UNSURE, replace(FAILURE, responded=True))) == (1, 2)


@pytest.mark.parametrize(
    ("medications", "expected", "words"),
    [
        ((), "pass", "takes no SSRI or SNRI"),
        ((drug((SIX_WEEKS_BEFORE, "100")),), "pass", "unchanged since 2026-04-20"),
        ((drug((SIX_WEEKS_BEFORE + timedelta(days=1), "100")),), "fail", "dose changed 2026-04-21"),
        ((drug((date(2025, 1, 1), "50"), (date(2026, 5, 1), "100")),), "fail", "dose changed 2026-05-01"),
        ((drug((date(2026, 5, 1), "100"), (date(2025, 1, 1), "50")),), "fail", "dose changed 2026-05-01"),
        ((drug((date(2025, 1, 1), "50"), (date(2026, 5, 1), "50")),), "pass", "unchanged since 2025-01-01"),
        ((drug((date(2025, 1, 1), "50"), (date(2026, 5, 1), "0")),), "unknown", "stopped 2026-05-01"),
        ((drug((date(2024, 1, 1), "50"), (date(2025, 1, 1), "0")),), "pass", "unchanged since 2025-01-01"),
        ((drug((date(2025, 1, 1), "50"), (INFUSION, "100")),), "pass", "unchanged since 2025-01-01"),
        ((drug((INFUSION, "100")),), "pass", "not started before the infusion"),
        ((drug(),), "unknown", "start and dose are not recorded"),
        ((drug((date(2026, 5, 1), "100"), drug_class="snri"),), "fail", "dose changed 2026-05-01"),
        ((drug((date(2026, 5, 1), "100"), drug_class="other"),), "pass", "takes no SSRI or SNRI"),
        ((drug((date(2025, 1, 1), "50")), drug((date(2026, 5, 1), "50"))), "fail", "dose changed 2026-05-01"),
        ((drug(), drug((date(2026, 5, 1), "50"))), "fail", "dose changed 2026-05-01"),
        (None, "unknown", "medications not recorded"),
    ],
)
def test_an_ssri_or_snri_is_constant_for_six_weeks(
    medications: tuple[Medication, ...] | None, expected: str, words: str
) -> None:
    facts = replace(GOOD, medications=medications)
    assert answer("antidepressant_stability", facts) == expected
    assert words in reason("antidepressant_stability", facts)


def test_stability_needs_the_date_of_the_infusion() -> None:
    assert answer("antidepressant_stability", replace(GOOD, infusion_on=None)) == "unknown"


@pytest.mark.parametrize(("found", "expected"), [(True, "pass"), (False, "fail"), (None, "unknown")])
def test_the_psychiatrist_settles_a_recent_stop(found: bool | None, expected: str) -> None:
    stopped = drug((date(2025, 1, 1), "50"), (date(2026, 5, 1), "0"))
    facts = replace(GOOD, medications=(stopped,), judgements={"antidepressant_stability": found})
    assert answer("antidepressant_stability", facts) == expected


def test_the_psychiatrist_cannot_overrule_a_recent_change() -> None:
    changed = drug((date(2025, 1, 1), "50"), (date(2026, 5, 1), "75"))
    facts = replace(GOOD, medications=(changed,), judgements={"antidepressant_stability": True})
    assert answer("antidepressant_stability", facts) == "fail"


@given(days=st.integers(1, 400))
def test_stability_turns_at_exactly_42_days(days: int) -> None:
    facts = replace(GOOD, medications=(drug((INFUSION - timedelta(days=days), "100")),))
    assert answer("antidepressant_stability", facts) == ("pass" if days >= 42 else "fail")


@pytest.mark.parametrize("criterion", BY_PSYCHIATRIST, ids=lambda c: c.id)
@pytest.mark.parametrize("found", [True, False, None])
def test_a_finding_passes_an_inclusion_when_true_and_an_exclusion_when_not(
    criterion: protocol.Criterion, found: bool | None
) -> None:
    judged = judge_criterion(criterion, replace(GOOD, judgements={criterion.id: found}))
    if found is None:
        assert judged.answer == "unknown"
    else:
        assert judged.answer == ("pass" if found == (criterion.kind == "inclusion") else "fail")


SPOILT: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "age": ({"age": 17}, {"age": None}),
    "severity": ({"madrs_total": 21}, {"madrs_total": None}),
    "treatment_resistance": ({"antidepressant_trials": ()}, {"antidepressant_trials": None}),
    "antidepressant_stability": (
        {"medications": (drug((date(2026, 5, 1), "100")),)},
        {"medications": None},
    ),
    "slow_heart_rate": ({"heart_rate": Decimal(45)}, {"heart_rate": None}),
}


def test_every_automatic_criterion_has_its_row_below() -> None:
    assert set(SPOILT) == set(AUTOMATIC)


@given(states=st.lists(st.sampled_from(["pass", "fail", "unknown"]), min_size=5, max_size=5))
@settings(max_examples=80, deadline=None)
def test_one_failure_decides_and_one_unknown_never_enrols(states: list[str]) -> None:
    facts = GOOD
    for name, state in zip(SPOILT, states, strict=True):
        if state != "pass":
            facts = replace(facts, **SPOILT[name][0 if state == "fail" else 1])
    judged = judge_eligibility(P, facts)
    assert [j.answer for j in judged.judgements if j.criterion.id in SPOILT] == states
    expected = "not eligible" if "fail" in states else "undecided" if "unknown" in states else "eligible"
    assert judged.answer == expected
    assert judged.may_enrol.ok == (expected == "eligible")


def test_a_refusal_names_every_criterion_in_the_way_and_the_source_of_the_first_failure() -> None:
    verdict = judge_eligibility(P, replace(GOOD, heart_rate=None, madrs_total=20)).may_enrol
    assert "MADRS 20, wanted at least 22" in verdict.why
    assert "heart rate not recorded" in verdict.why
    assert verdict.key == "eligibility.severity.text"
    assert verdict.source == "Paper, Methods, Enrollment"
    assert not verdict.proposed


def test_a_judgement_on_a_criterion_the_protocol_does_not_have_is_refused() -> None:
    with pytest.raises(ValueError, match="left_handed"):
        judge_eligibility(P, replace(GOOD, judgements={"left_handed": True}))
