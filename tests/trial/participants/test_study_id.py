"""The study id catches what fingers do. Independent source: H. M. Damm, thesis, Marburg 2004."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trial.participants.study_id import QUASIGROUP, check_digit, is_valid, study_id

NUMBERS = st.integers(min_value=1, max_value=9999)


def test_the_published_example_has_its_digit() -> None:
    # The example given with the algorithm: the check digit of 572 is 4.
    assert check_digit("572") == 4


def test_the_table_is_a_weakly_totally_anti_symmetric_quasigroup() -> None:
    digits = range(10)
    assert all(sorted(row) == list(digits) for row in QUASIGROUP)
    assert all(sorted(row[column] for row in QUASIGROUP) == list(digits) for column in digits)
    assert all(QUASIGROUP[digit][digit] == 0 for digit in digits)
    for state, first, second in product(digits, repeat=3):
        swapped = QUASIGROUP[QUASIGROUP[state][second]][first]
        assert first == second or QUASIGROUP[QUASIGROUP[state][first]][second] != swapped


def test_an_id_is_site_code_running_number_and_digit() -> None:
    made = study_id("K", 1)
    assert made.startswith("K-0001-")
    assert is_valid(made)


@given(number=NUMBERS, place=st.integers(0, 4), other=st.integers(1, 9))
def test_any_single_wrong_digit_is_caught(number: int, place: int, other: int) -> None:
    code, running, digit = study_id("K", number).split("-")
    digits = running + digit
    wrong = digits[:place] + str((int(digits[place]) + other) % 10) + digits[place + 1 :]
    assert not is_valid(f"{code}-{wrong[:4]}-{wrong[4]}")


@given(number=NUMBERS, place=st.integers(0, 3))
def test_any_swap_of_neighbours_is_caught(number: int, place: int) -> None:
    code, running, digit = study_id("K", number).split("-")
    digits = running + digit
    swapped = digits[:place] + digits[place + 1] + digits[place] + digits[place + 2 :]
    assert swapped == digits or not is_valid(f"{code}-{swapped[:4]}-{swapped[4]}")


def test_another_site_code_does_not_fit_the_digit() -> None:
    assert not is_valid(study_id("K", 1).replace("K", "L"))


@pytest.mark.parametrize("number", [0, 10000, -1])
def test_a_number_that_does_not_fit_is_refused(number: int) -> None:
    with pytest.raises(ValueError, match="does not fit four digits"):
        study_id("K", number)


@pytest.mark.parametrize("text", ["", "K-0001", "K-001-2", "k 0001 2", "K-0001-x", "Straße-0001-2"])
def test_what_is_no_id_is_not_valid(text: str) -> None:
    assert not is_valid(text)


def test_a_site_code_that_cannot_stand_in_an_id_is_refused() -> None:
    with pytest.raises(ValueError, match="Site code"):
        study_id("K-1", 1)
