"""Any single key added, removed or spoilt is refused, and the refusal names it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.trial.protocol.toml_text import TABLE, Path, at, changed, dumps, paths, refused_key, without
from trial import protocol

EVERY_PATH = tuple(paths(TABLE))
TABLES = ((), *(path for path in EVERY_PATH if isinstance(at(TABLE, path), dict)))
VALUES = tuple(path for path in TABLES if "value" in at(TABLE, path))
STRINGS = tuple(path for path in EVERY_PATH if isinstance(at(TABLE, path), str) and path[:-1] not in VALUES)
ORDERS = tuple(path for path in EVERY_PATH if path[-1] == "order")
CHOICES = tuple(path for path in STRINGS if path[-1] not in ("label", "id"))
NUMBERS = tuple(
    path for path in VALUES if at(TABLE, path)["unit"] not in ("text", "codes") and at(TABLE, path)["value"] != "none"
)
CODES = tuple(path for path in VALUES if at(TABLE, path)["unit"] == "codes")


def dotted(path: Path) -> str:
    return ".".join(path)


def refusal(path: Path, value: Any) -> str:
    return refused_key(changed(path, value))


def test_the_protocol_written_anew_loads_with_the_same_values() -> None:
    again = protocol.load(dumps(TABLE))
    assert list(again.walk()) == list(protocol.for_version(protocol.FIRST).walk())


@pytest.mark.parametrize("section", list(TABLE))
def test_no_key_can_be_removed_from(section: str) -> None:
    for path in EVERY_PATH:
        if path[0] == section:
            key = refused_key(without(path))
            # A lost `at` or window is named by the neighbour that no longer makes sense without it.
            assert key.startswith(dotted(path[:-1])), f"{dotted(path)} removed, but {key} named"


@given(table=st.sampled_from(TABLES), name=st.from_regex(r"[a-z]{3}_[a-z0-9]{1,8}", fullmatch=True))
@settings(max_examples=60, deadline=None)
def test_a_key_the_schema_does_not_know_is_named(table: Path, name: str) -> None:
    if name not in (at(TABLE, table) if table else TABLE):
        assert refusal((*table, name), "anything") == dotted((*table, name))


@given(
    path=st.sampled_from(NUMBERS),
    text=st.sampled_from(["abc", "1,5", "0x10", "1e3", "NaN", "-", "٣", "1.", ".5"]),
)
@settings(max_examples=60, deadline=None)
def test_a_number_that_is_not_a_plain_decimal_is_named(path: Path, text: str) -> None:
    assert refusal((*path, "value"), text) == dotted((*path, "value"))


@given(path=st.sampled_from(VALUES), part=st.sampled_from(["value", "unit", "source", "status"]))
@settings(max_examples=60, deadline=None)
def test_an_empty_or_untyped_part_of_a_value_is_named(path: Path, part: str) -> None:
    for spoilt in ("", "  ", 5, True, ["a"]):
        assert refusal((*path, part), spoilt) == dotted((*path, part))


@given(path=st.sampled_from(VALUES), unit=st.sampled_from(["furlong", "mcg/kg/min", "MG"]))
@settings(max_examples=40, deadline=None)
def test_an_unknown_unit_is_named(path: Path, unit: str) -> None:
    assert refusal((*path, "unit"), unit) == dotted((*path, "unit"))


@given(path=st.sampled_from(VALUES), status=st.sampled_from(["certain", "Published", "draft"]))
@settings(max_examples=40, deadline=None)
def test_an_unknown_status_is_named(path: Path, status: str) -> None:
    assert refusal((*path, "status"), status) == dotted((*path, "status"))


@given(path=st.sampled_from(CHOICES))
@settings(max_examples=40, deadline=None)
def test_a_choice_outside_its_list_is_named(path: Path) -> None:
    assert refusal(path, "elsewhere") == dotted(path)


@given(path=st.sampled_from(CODES))
@settings(max_examples=40, deadline=None)
def test_a_reference_to_something_the_protocol_does_not_have_is_named(path: Path) -> None:
    assert refusal((*path, "value"), "phq_9") == dotted(path)


@pytest.mark.parametrize("path", ORDERS, ids=dotted)
def test_an_order_that_forgets_repeats_or_invents_an_id_is_refused(path: Path) -> None:
    order = at(TABLE, path)
    parent = dotted(path[:-1])
    assert refusal(path, order[1:]) == f"{parent}.{order[0]}"
    assert refusal(path, [*order, order[0]]) == f"{parent}.order"
    assert refusal(path, [*order, "nowhere"]) == f"{parent}.nowhere"
    assert refusal(path, []) == f"{parent}.order"


@given(path=st.sampled_from(TABLES[1:]), spoilt=st.sampled_from(["text", 3, ["a"], True]))
@settings(max_examples=40, deadline=None)
def test_a_table_replaced_by_something_else_is_named(path: Path, spoilt: Any) -> None:
    assert refusal(path, spoilt) == dotted(path)


def test_a_file_that_is_not_toml_says_so() -> None:
    with pytest.raises(protocol.ProtocolError, match="is not TOML"):
        protocol.load("trial = [")


def test_a_key_stated_twice_is_refused() -> None:
    with pytest.raises(protocol.ProtocolError, match="is not TOML"):
        protocol.load(dumps(TABLE) + "\n[trial]\nid = 'again'\n")
