"""How names and numbers are compared, whatever their spelling."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trial.contacts.details import Details, asked_for, number_of, words


@pytest.mark.parametrize("text", ["+1 (314) 555-0100", "001 314 555 0100", "314.555.0100", "0314 555 0100"])
def test_a_number_is_the_same_however_it_is_dialled(text: str) -> None:
    assert number_of(text) == "145550100"


@pytest.mark.parametrize("text", ["", "none", "12-34", "٣١٤٥٥٥٠١٠٠"])
def test_what_has_too_few_digits_is_no_number(text: str) -> None:
    assert number_of(text) == ""


@pytest.mark.parametrize("text", ["José Núñez-García", "JOSE nunez garcia", "García, José  Nuñez"])
def test_a_name_is_the_same_without_accents_case_and_order(text: str) -> None:
    assert words(text) == {"jose", "nunez", "garcia"}


def test_a_search_is_for_a_number_or_for_every_word_of_a_name() -> None:
    assert asked_for("314 555 0100") == {("phone", "145550100")}
    assert asked_for("Ana Li") == {("name", "ana"), ("name", "li")}
    assert asked_for(" - ") == frozenset()


def test_others_numbers_do_not_find_the_participant() -> None:
    details = Details(full_name="Ana Li", phone="314 555 0100", emergency_name="Bo Li", emergency_phone="314 555 0111")
    assert details.search_terms() == {("name", "ana"), ("name", "li"), ("phone", "145550100")}


@given(st.builds(Details, **dict.fromkeys(Details.__dataclass_fields__, st.text())))
def test_details_survive_their_json(details: Details) -> None:
    assert Details.of_json(details.to_json()) == details


def test_a_field_of_another_version_is_left_out() -> None:
    assert Details.of_json(b'{"full_name": "Ana", "fax": "1"}') == Details(full_name="Ana")
