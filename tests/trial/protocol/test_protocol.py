"""A version is found by its id, parsed once, and identified by the bytes of its file."""

from __future__ import annotations

import ast
import hashlib
from dataclasses import FrozenInstanceError
from decimal import Decimal
from importlib.resources import files
from pathlib import Path

import pytest

from trial import protocol
from trial.protocol.units import units_of
from trial.protocol.values import UNITS, Text

P = protocol.for_version(protocol.FIRST)


def test_the_current_version_is_among_the_versions_and_bears_its_id() -> None:
    assert protocol.FIRST in protocol.versions()
    assert P.id == protocol.FIRST


def test_a_version_is_parsed_once() -> None:
    assert protocol.for_version(protocol.FIRST) is P


def test_an_unknown_version_is_refused_and_the_known_ones_are_named() -> None:
    with pytest.raises(protocol.ProtocolError, match=protocol.FIRST):
        protocol.for_version("ketamine_96h_v0")
    with pytest.raises(protocol.ProtocolError):
        protocol.for_version("../values")


def test_the_hash_is_that_of_the_files_bytes() -> None:
    content = files("trial.protocol").joinpath(f"{protocol.FIRST}.toml").read_bytes()
    assert protocol.sha256(protocol.FIRST) == hashlib.sha256(content).hexdigest()


def test_a_protocol_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        P.titration.start.rate.text = "0.75"  # type: ignore[misc]
    with pytest.raises(TypeError):
        P.visits["week_2"] = P.visits["week_4"]  # type: ignore[index]


def test_walk_gives_every_value_once_under_its_own_key() -> None:
    keys = [key for key, _ in P.walk()]
    assert len(keys) == len(set(keys))
    assert all(value.key == key for key, value in P.walk())
    content = files("trial.protocol").joinpath(f"{protocol.FIRST}.toml").read_text(encoding="utf-8")
    assert len(keys) == content.count("status = ")


def test_proposed_lists_what_the_site_must_sign() -> None:
    proposed = P.proposed()
    assert "titration.step" in proposed
    assert "limits.rate.hard_above" in proposed
    assert "titration.start.rate" not in proposed
    assert len(proposed) == sum(value.status == "proposed" for _, value in P.walk())


def test_values_read_as_numbers() -> None:
    assert P.titration.start.rate.decimal == Decimal("0.15")
    assert P.limits["rate"].hard_above.limit == Decimal("0.612")
    assert P.limits["rate"].hard_below.limit is None
    assert P.limits["rate"].unit == "mg/kg/h"


def test_the_planned_titration_gives_the_assumed_total_of_46_8_mg_per_kg() -> None:
    """Independent sum: 0.15 for 12 h, 0.30 for 12 h, 0.45 for 12 h, 0.60 for 60 h."""
    plan = P.titration
    edges = [Decimal(0), *plan.step_times.decimals, plan.duration.decimal]
    rates = [plan.start.rate.decimal + n * plan.step.decimal for n in range(len(edges) - 1)]
    total = sum(rate * (edges[n + 1] - edges[n]) for n, rate in enumerate(rates))
    assert total == Decimal("46.8")


def test_every_unit_in_use_is_declared_and_every_declared_unit_is_known() -> None:
    for _, value in P.walk():
        assert set(units_of(value)) <= UNITS


def test_a_value_without_a_declared_unit_is_refused() -> None:
    with pytest.raises(protocol.ProtocolError, match=r"units\.py"):
        units_of(protocol.Value("nowhere.at_all", "1", "h", "Proposal", "proposed"))
    assert units_of(Text("nowhere.at_all", "words", "text", "Proposal", "proposed")) == ("text",)


@pytest.mark.parametrize("package", ["trial.protocol", "trial.rules"])
def test_the_package_is_pure(package: str) -> None:
    """No Django, clock, database or process: only the standard library's pure parts and itself."""
    allowed = {
        *("__future__", "collections", "dataclasses", "datetime", "decimal", "fnmatch", "functools"),
        *("hashlib", "importlib", "itertools", "re", "tomllib", "trial", "types", "typing", "zoneinfo"),
    }
    for file in Path(str(files(package))).glob("*.py"):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert {name.split(".")[0] for name in names} <= allowed, file.name
            assert all(
                name.split(".")[:2] in (["trial", "protocol"], ["trial", "rules"], ["trial"])
                for name in names
                if name.startswith("trial")
            ), file.name
            clock = isinstance(node, ast.Attribute) and node.attr in ("now", "today", "utcnow")
            assert not clock, f"{file.name} reads the clock"
