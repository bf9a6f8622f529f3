"""A later version states only what differs from the one it amends, and is in force from its day on."""

from __future__ import annotations

import hashlib
import tomllib
from datetime import date, timedelta
from importlib.resources import files
from typing import Any

import pytest

from tests.trial.protocol.toml_text import dumps
from trial import protocol
from trial.protocol.checks import ALERT_LEVELS, OBSERVATIONS, PHASES
from trial.protocol.reader import amended

FIRST, SECOND = "ketamine_96h_v1", "ketamine_96h_v2"
V1, V2 = protocol.for_version(FIRST), protocol.for_version(SECOND)
TEXT = files("trial.protocol").joinpath(f"{SECOND}.toml").read_text(encoding="utf-8")


def changed(*path: str, to: object) -> str:
    """The second version's file with one key set, or removed where *to* is None."""
    table = tomllib.loads(TEXT)
    inner = table
    for key in path[:-1]:
        inner = inner[key]
    inner.pop(path[-1], None)
    if to is not None:
        inner[path[-1]] = to
    return dumps(table)


def refused_key(text: str) -> str:
    with pytest.raises(protocol.ProtocolError) as refused:
        protocol.load(text)
    return refused.value.key


def test_an_amendment_keeps_every_value_that_it_does_not_state() -> None:
    stated = {"trial.version"}
    kept = [(key, value) for key, value in V1.walk() if key not in stated]
    later = dict(V2.walk())
    assert kept
    assert [(key, later[key]) for key, _ in kept] == kept
    assert V2.trial.version.text == "2.0"


def test_what_an_amendment_adds_is_proposed_until_it_is_signed() -> None:
    added = {key: value for key, value in V2.walk() if key not in dict(V1.walk())}
    assert {"amendment.effective_on", "safety.escalation.emergency", "records.lateness.vitals"} <= set(added)
    assert all(value.proposed for value in added.values())


def test_the_first_version_has_no_amendment_and_nothing_that_came_later() -> None:
    assert (V1.amendment, V1.blinding, V1.safety.escalation, V1.records.lateness) == (None, None, None, None)


def test_the_hash_of_an_amendment_binds_the_version_it_amends() -> None:
    base = hashlib.sha256(files("trial.protocol").joinpath(f"{FIRST}.toml").read_bytes()).hexdigest()
    assert protocol.sha256(SECOND) == hashlib.sha256(base.encode() + TEXT.encode()).hexdigest()
    assert protocol.sha256(FIRST) == base


def test_a_version_is_in_force_from_its_day_on() -> None:
    assert V2.amendment is not None
    day = V2.amendment.effective_on.day
    assert protocol.in_force(day - timedelta(days=1)) == FIRST
    assert protocol.in_force(day) == SECOND
    assert protocol.in_force(date(1999, 1, 1)) == FIRST


def test_merging_replaces_a_value_whole_and_leaves_both_tables_as_they_were() -> None:
    base: dict[str, Any] = {"limits": {"rate": {"value": "1", "unit": "h"}, "order": ["rate"]}, "trial": {"id": "a"}}
    change = {"limits": {"rate": {"value": "2"}}, "records": {"x": 1}}
    assert amended(base, change) == {
        "limits": {"rate": {"value": "2"}, "order": ["rate"]},
        "trial": {"id": "a"},
        "records": {"x": 1},
    }
    assert base["limits"]["rate"] == {"value": "1", "unit": "h"}


@pytest.mark.parametrize(
    ("path", "to", "key"),
    [
        (("amendment",), None, "amendment"),
        (("amendment", "reconsent", "value"), "everybody", "amendment.reconsent"),
        (("amendment", "effective_on", "value"), "20261101", "amendment.effective_on.value"),
        (("amendment", "effective_on", "value"), "2026-02-30", "amendment.effective_on.value"),
        (("blinding", "raters", "value"), "perhaps", "blinding.raters.value"),
        (("blinding", "raters", "unit"), "text", "blinding.raters.unit"),
        (("safety", "escalation", "urgent", "value"), "15, 5", "safety.escalation.urgent"),
        (("safety", "escalation", "order"), ["emergency", "review", "urgent"], "safety.escalation"),
        (("records", "lateness", "order"), ["rating"], "records.lateness.vitals"),
        (("trial", "amends"), "ketamine_96h_v0", "trial.id"),
        (("trial", "amends"), SECOND, "trial.amends"),
        (("limits",), {"rat": {}}, "limits.rat"),
    ],
)
def test_an_amendment_that_cannot_be_is_refused_by_its_key(path: tuple[str, ...], to: object, key: str) -> None:
    assert refused_key(changed(*path, to=to)) == key


def test_a_lateness_of_an_unknown_observation_is_refused() -> None:
    table = tomllib.loads(TEXT)
    lateness = table["records"]["lateness"]
    lateness["weight"] = lateness["vitals"]
    lateness["order"] = [*lateness["order"], "weight"]
    with pytest.raises(protocol.ProtocolError, match=r"records\.(lateness|lateness\.weight)"):
        protocol.load(dumps(table))


def test_the_kinds_are_those_the_code_asks_for() -> None:
    assert V2.safety.escalation is not None
    assert V2.records.lateness is not None
    assert V2.amendment is not None
    assert tuple(V2.safety.escalation) == ALERT_LEVELS
    assert set(V2.records.lateness) == set(OBSERVATIONS)
    assert set(V2.amendment.reconsent.codes) <= set(PHASES)


def test_a_version_may_keep_raters_from_the_treatment() -> None:
    blinding = protocol.load(changed("blinding", "raters", "value", to="yes")).blinding
    assert blinding is not None
    assert blinding.raters.is_on


def test_a_switch_and_a_day_read_only_as_what_they_are() -> None:
    assert V2.blinding is not None
    assert not V2.blinding.raters.is_on
    with pytest.raises(protocol.ProtocolError, match="neither yes nor no"):
        _ = V1.trial.title.is_on
    with pytest.raises(protocol.ProtocolError, match="not a date"):
        _ = V1.trial.title.day
