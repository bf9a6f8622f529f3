"""What is invented around the published totals keeps them, and is the same at every load."""

from __future__ import annotations

from decimal import Decimal
from statistics import mean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.cohort import synthesis
from reports.cohort.imaging_story import GAPS, pre_gaps

ITEMS = tuple("abcdefghij")


@given(st.integers(0, 60), st.text(max_size=8))
def test_a_split_total_is_the_sum_of_its_items_within_their_range(total: int, seed: str) -> None:
    scores = synthesis.split(total, ITEMS, 0, 6, seed)
    assert sum(scores.values()) == total
    assert set(scores) == set(ITEMS)
    assert all(0 <= score <= 6 for score in scores.values())


def test_a_capped_item_stays_at_most_one_above_the_floor() -> None:
    assert all(synthesis.split(50, ITEMS, 0, 6, str(n), capped=["j"])["j"] <= 1 for n in range(50))


def test_a_total_that_the_items_cannot_carry_is_refused() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        synthesis.split(61, ITEMS, 0, 6, "seed")


def test_the_same_seed_gives_the_same_items() -> None:
    assert synthesis.split(29, ITEMS, 0, 6, "S01") == synthesis.split(29, ITEMS, 0, 6, "S01")
    assert synthesis.serum_levels(Decimal("0.6"), "S01") == synthesis.serum_levels(Decimal("0.6"), "S01")


@pytest.mark.parametrize("count", [2, 21, 22])
def test_the_mean_change_of_blood_pressure_is_the_published_one(count: int) -> None:
    systolic, diastolic = zip(*synthesis.pressure_changes(count), strict=True)
    # Paper, Results: +8 and +5 mmHg at 08:00 on day 5.
    assert (mean(systolic), mean(diastolic)) == (8, 5)
    assert len(set(systolic)) > 1


def test_27_consented_23_started_22_completed_and_21_were_followed() -> None:
    cohort = synthesis.patients()
    assert len(cohort) == 27
    assert sum(p.started for p in cohort) == 23
    assert sum(p.completed for p in cohort) == 22
    assert sum("week_8" in p.madrs for p in cohort) == 21


def test_connectivity_goes_to_21_subjects_of_whom_19_were_scanned_after() -> None:
    cohort = synthesis.patients()
    found = synthesis.scans(cohort)
    # Paper, Methods and Results: 21 subjects, 40 observations.
    assert len(found) == 21
    assert len(found) + sum(scan.after is not None for scan in found.values()) == 40
    responders = {p.label for p in cohort if p.is_responder}
    assert len(responders) == 11
    assert responders <= set(found)


def test_the_days_between_the_first_two_scans_are_the_published_ones() -> None:
    gaps = pre_gaps([p.label for p in synthesis.patients() if p.started])
    # Paper, Methods: 1-14 days apart, median 2; 18 patients had the second scan.
    assert sorted(gaps.values()) == sorted(GAPS)
    assert (len(GAPS), min(GAPS), max(GAPS), sorted(GAPS)[8], sorted(GAPS)[9]) == (18, 1, 14, 2, 2)


@pytest.mark.parametrize(
    ("final", "course"),
    [
        ("0.60", ["0.15", "0.30", "0.45", "0.60"]),
        ("0.50", ["0.15", "0.30", "0.45", "0.50"]),
        ("0.20", ["0.15", "0.20"]),
        ("0.15", ["0.15"]),
    ],
)
def test_the_rate_rises_by_steps_to_what_was_tolerated(final: str, course: list[str]) -> None:
    steps = synthesis.rate_steps(Decimal(final), Decimal("0.15"), Decimal("0.15"), [Decimal(h) for h in (12, 24, 36)])
    assert [rate for _, rate in steps] == [Decimal(rate) for rate in course]


def test_the_right_hippocampus_keeps_its_published_share_of_the_head() -> None:
    patient = next(p for p in synthesis.patients() if p.right_hippocampus is not None)
    found = synthesis.volumes(patient)
    share = 1000 * found["right_hippocampus"] / found["etiv"]
    assert float(share) == pytest.approx(patient.right_hippocampus, abs=1e-6)
