"""How a computed value is judged against the printed one."""

from __future__ import annotations

import csv
from importlib.resources import files

import pytest

from reports import contract
from reports.chapters import MATCH_ORDER, MEANINGS
from reports.contract import Check, Entry, compare, entries, keys
from reports.results import schema
from trial.protocol import Protocol


def judged(
    kind: str, checks: str, values: dict[str, object] | None, protocol: Protocol, *, synthetic: bool = True
) -> str:
    parsed = tuple(contract._check("S01", part) for part in checks.split(";") if part.strip())
    entry = Entry("S01", "what", 1, kind, tuple(values or {"n": 0}), "printed", parsed, "")
    return contract._compare(entry, values, protocol, synthetic).match


@pytest.mark.parametrize(
    ("checks", "values", "match"),
    [
        ("mean ~ 28.83", {"mean": 28.826}, "yes"),
        ("mean ~ 28.83", {"mean": 28.8249}, "no"),
        ("mean ~ 29", {"mean": 28.5}, "yes"),
        ("r ~ -0.54", {"r": -0.535}, "yes"),
        ("r ~ -0.54", {"r": 0.54}, "no"),
        ("p < 0.001", {"p": 0.00099}, "yes"),
        ("p < 0.001", {"p": 0.001}, "no"),
        ("n = 22", {"n": 22}, "yes"),
        ("n = 22", {"n": 21}, "no"),
        ("n = 22", {"n": None}, "no"),
        ("*.p > 0.05", {"a.p": 0.06, "b.p": 0.2}, "yes"),
        ("*.p > 0.05", {"a.p": 0.06, "b.p": 0.02}, "no"),
        ("d4 < d3", {"d3": 6.3, "d4": 6.0}, "yes"),
        ("d4 < d3", {"d3": 6.0, "d4": 6.0}, "no"),
        ("failing has x", {"failing": ["x", "y"]}, "yes"),
        ("failing has x", {"failing": []}, "no"),
    ],
)
def test_a_check_decides(checks: str, values: dict[str, object], match: str, protocol: Protocol) -> None:
    assert judged("rounded", checks, values, protocol) == match


@pytest.mark.parametrize(
    ("checks", "values", "why"),
    [
        ("mean ~ 13.05", {"mean": 13.518505834595775}, "mean is 13.52, not 13.05"),
        ("mean ~ 13.05", {"mean": 13.04499}, "mean is 13.04, not 13.05"),
        ("male.count = 13", {"male.count": 14}, "male count is 14, not 13"),
        ("percent ~ 50", {"percent": -49.4}, "percent is −49, not 50"),
        ("p < 0.001", {"p": 0.5059999999999999}, "p is 0.506, not below 0.001"),
        ("p < 0.001", {"p": 0.0010000001}, "p is 0.001, not below 0.001"),
        ("p < 0.001", {"p": 0.00104}, "p is 0.00104, not below 0.001"),
        ("week_4.p > 0.05", {"week_4.p": 0.0123}, "week 4 p is 0.012, not above 0.05"),
        ("d4 < d3", {"d3": 6.0, "d4": 6.25}, "d4 is 6.25, not below d3, which is 6.00"),
        ("failing has dmn_time", {"failing": []}, "failing does not name dmn time"),
        ("n = 22", {"n": None}, "n: no value"),
    ],
)
def test_why_is_said_in_words_with_numbers_as_printed(
    checks: str, values: dict[str, object], why: str, protocol: Protocol
) -> None:
    entry = Entry("S01", "what", 1, "rounded", tuple(values), "printed", (contract._check("S01", checks),), "")
    assert contract._compare(entry, values, protocol, True).why == why


def test_kinds_say_what_a_match_is_worth(protocol: Protocol) -> None:
    assert judged("constructed", "n = 1", {"n": 1}, protocol) == "constructed"
    assert judged("constructed", "n = 1", {"n": 1}, protocol, synthetic=False) == "yes"
    assert judged("constructed", "n = 1", {"n": 2}, protocol) == "no"
    assert judged("two readings", "n = 1", {"n": 1}, protocol) == "both readings"
    assert judged("two readings", "", {"n": None}, protocol) == "no"
    assert judged("not anchorable", "", {"n": None}, protocol) == "not anchorable"
    assert judged("exact", "n = 1", None, protocol) == "no"


def test_what_needs_another_package_is_said_not_to_be_computed(protocol: Protocol) -> None:
    found = {row.entry.id: row.match for row in compare({}, protocol, is_synthetic=True)}
    assert [key for key, match in found.items() if match == contract.LATER] == [
        "S57", "S58", "S59", "S60", "S68", "S69", "S70", "S71", "S76",
    ]  # fmt: skip
    assert contract.LATER == "not computed"


def test_what_the_publication_gives_no_number_for_is_not_anchorable_and_says_why(protocol: Protocol) -> None:
    rows = [row for row in compare({}, protocol, is_synthetic=True) if row.match == contract.NOT_ANCHORABLE]
    assert [row.entry.id for row in rows] == ["S52", "S56", "S77"]
    assert all(row.why for row in rows)


def test_the_words_of_a_match_are_those_of_the_schema_and_of_the_first_page() -> None:
    agreed = {"yes", "no", "constructed", "both readings", "not anchorable", "not computed"}
    assert set(schema()["$defs"]["published"]["properties"]["match"]["enum"]) == agreed
    assert set(MATCH_ORDER) == set(MEANINGS) == agreed


def test_an_analysis_with_other_keys_is_refused(protocol: Protocol) -> None:
    with pytest.raises(contract.ContractError, match=r"S01: .* differ in the keys \['count', 'n'\]"):
        compare({"S01": {"n": 1}}, protocol, is_synthetic=True)
    with pytest.raises(contract.ContractError, match=r"\['S99'\] are no published ids"):
        compare({"S99": {"n": 1}}, protocol, is_synthetic=True)


def test_placeholders_are_written_out_from_the_protocol(protocol: Protocol) -> None:
    by_id = {entry.id: entry for entry in entries()}
    serum = keys(by_id["S52"], protocol)
    assert len(serum) == 18
    assert serum[:3] == ("by_analyte.ketamine.n", "by_analyte.ketamine.mean", "by_analyte.ketamine.sd")
    assert keys(by_id["S55"], protocol) == tuple(
        f"{name}.{key}" for name in sorted(protocol.serum.analytes) for key in ("estimate", "p")
    )
    assert len(keys(by_id["S56"], protocol)) == 20 * 6 * 3
    assert keys(by_id["S29"], protocol)[:3] == ("count", "denominator", "percent")


def test_every_row_has_exactly_the_columns_of_its_head() -> None:
    with (files("reports") / "contract.csv").open(encoding="utf-8") as file:
        assert all(None not in row and None not in row.values() for row in csv.DictReader(file))


def test_every_check_names_a_key_of_its_entry(protocol: Protocol) -> None:
    for entry in entries():
        known = keys(entry, protocol)
        for check in entry.checks:
            assert check.key in known or (check.key.startswith("*") and any(k.endswith(check.key[1:]) for k in known))


def test_a_check_that_does_not_read_is_refused() -> None:
    with pytest.raises(contract.ContractError, match="S01: 'n is 3' is no check"):
        contract._check("S01", "n is 3")
    assert Check("mean", "~", "28.83").places == 2
