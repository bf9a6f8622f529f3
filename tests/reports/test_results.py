"""results.json: the shape that readers rely on."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from reports.assemble import Assembled
from reports.contract import entries, keys
from reports.results import plain, schema
from trial.protocol import Protocol


@pytest.fixture(scope="module")
def content(report: Assembled) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(report.results)
    return loaded


def flat(values: dict[str, Any], path: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in values.items():
        found |= flat(value, f"{path}{key}.") if isinstance(value, dict) else {f"{path}{key}": value}
    return found


def test_every_published_id_has_exactly_the_keys_of_the_contract(content: dict[str, Any], protocol: Protocol) -> None:
    assert list(content["published"]) == [f"S{number:02}" for number in range(1, 78)]
    for entry in entries():
        row = dict(content["published"][entry.id])
        assert (row.pop("published"), isinstance(row.pop("why"), str)) == (entry.published, True)
        assert row.pop("match")
        assert set(flat(row)) == set(keys(entry, protocol)), entry.id


def test_values_keep_full_precision(content: dict[str, Any]) -> None:
    """Means recomputed from cohort.csv by hand: 663 / 23 and 201 / 22."""
    assert content["published"]["S15"]["mean"] == pytest.approx(663 / 23, abs=1e-12)
    assert content["published"]["S18"]["mean"] == pytest.approx(201 / 22, abs=1e-12)
    assert content["published"]["S07"] == {
        "week_2": {"count": 21}, "week_8": {"count": 21}, "published": "21", "match": "yes", "why": "",
    }  # fmt: skip


def test_the_run_says_what_went_in(content: dict[str, Any], report: Assembled) -> None:
    run = content["run"]
    assert run["data_cut"] == "2016-12-01T12:00:00+00:00"
    assert len(run["input_hash"]) == len(run["protocol_sha256"]) == 64
    assert {"python", "pandas", "scipy", "pingouin"} <= set(run["library_versions"])
    assert run["is_synthetic"] is True


def test_ids_of_findings_are_unique(content: dict[str, Any]) -> None:
    ids = [finding["id"] for finding in content["findings"]]
    assert len(ids) == len(set(ids))


def test_the_schema_refuses_what_is_not_agreed(content: dict[str, Any]) -> None:
    def refused(change: dict[str, Any]) -> None:
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(content | change, schema())

    refused({"schema_version": 2})
    refused({"extra": 1})
    refused({"published": {key: row for key, row in content["published"].items() if key != "S77"}})
    refused(
        {"published": content["published"] | {"S01": {"count": 27, "published": "27", "match": "maybe", "why": ""}}}
    )
    refused({"findings": [{"id": "x"}]})


def test_what_is_not_finite_is_null() -> None:
    assert [plain(value) for value in (float("nan"), float("inf"), 1.5, None)] == [None, None, 1.5, None]
