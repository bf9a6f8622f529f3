"""What the publication prints, and whether the computed values agree. Pure.

contract.csv: per published id its keys in results.json, the printed text and the checks that decide. A check is
`key = 22` (equal), `key ~ 28.83` (equal after rounding half away from zero to the decimals printed), `key < 0.001`,
`key > 0.1`, `key < other.key`, or `key has word` (a list holds it); `*.p` stands for every key that ends so.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.resources import files

from reports.display.printing import rounded
from reports.stats.rounding import round_half_away
from trial.protocol import Protocol

CONSTRUCTED, BOTH, NOT_ANCHORABLE, LATER = "constructed", "both readings", "not anchorable", "not computed"
LEAST_PLACES, P_PLACES, MOST_PLACES = 2, 3, 7
MEANING = {"=": "", "~": "", "<": "below ", ">": "above "}
_CHECK = re.compile(r"^(\S+?)\s*(=|~|<|>| has )\s*(\S+)$")
_PLACEHOLDER = re.compile(r"\{(\w+)\}")


class ContractError(ValueError):
    """contract.csv or the findings do not fit together; the message names the id."""


@dataclass(frozen=True)
class Check:
    """One comparison of a computed value with what is printed."""

    key: str
    operator: str
    target: str

    @property
    def places(self) -> int:
        """Decimals of the printed number."""
        return len(self.target.partition(".")[2])


@dataclass(frozen=True)
class Entry:
    """One published quantity."""

    id: str
    what: str
    package: int
    kind: str
    keys: tuple[str, ...]
    published: str
    checks: tuple[Check, ...]
    why: str


@dataclass(frozen=True)
class Compared:
    """One published quantity beside the computed values (by dotted key, None where there is none)."""

    entry: Entry
    computed: Mapping[str, object]
    match: str
    why: str


@cache
def entries() -> tuple[Entry, ...]:
    """Every published quantity, in order; raises ContractError for a check that does not read."""
    text = files("reports").joinpath("contract.csv").read_text(encoding="utf-8")
    return tuple(
        Entry(
            row["id"],
            row["what"],
            int(row["package"]),
            row["kind"],
            tuple(row["keys"].split()),
            row["published"],
            tuple(_check(row["id"], part) for part in row["checks"].split(";") if part.strip()),
            row["why"],
        )
        for row in csv.DictReader(text.splitlines())
    )


def _check(identity: str, text: str) -> Check:
    found = _CHECK.match(text.strip())
    if found is None:
        raise ContractError(f"{identity}: '{text.strip()}' is no check; write one as the head of contract.py says.")
    key, operator, target = found.groups()
    return Check(key, operator.strip(), target)


def keys(entry: Entry, protocol: Protocol) -> tuple[str, ...]:
    """The dotted keys of an entry, with {analyte} and {effect} written out from the protocol."""
    members = {"analyte": tuple(protocol.serum.analytes), "effect": tuple(protocol.side_effects.items)}
    written = entry.keys
    for name, codes in members.items():
        slot = f"{{{name}}}"
        written = tuple(
            expanded
            for key in written
            for expanded in ([key.replace(slot, code) for code in codes] if slot in key else [key])
        )
    return tuple(sorted(written, key=lambda key: _order(key, entry.keys)))


def _order(key: str, templates: tuple[str, ...]) -> tuple[str, int]:
    """Members stand together, their own keys in the order of the contract."""
    if not any(_PLACEHOLDER.search(template) for template in templates):
        return "", templates.index(key)
    head, _, tail = key.rpartition(".")
    return head, [template.rpartition(".")[2] for template in templates].index(tail)


def compare(
    computed: Mapping[str, Mapping[str, object]], protocol: Protocol, *, is_synthetic: bool
) -> tuple[Compared, ...]:
    """Compare every published id; raises ContractError when an analysis gives other keys than the contract's."""
    unknown = set(computed) - {entry.id for entry in entries()}
    if unknown:
        raise ContractError(f"{sorted(unknown)} are no published ids; declare them in reports/contract.csv.")
    return tuple(_compare(entry, computed.get(entry.id), protocol, is_synthetic) for entry in entries())


def _compare(entry: Entry, given: Mapping[str, object] | None, protocol: Protocol, is_synthetic: bool) -> Compared:
    wanted = keys(entry, protocol)
    if given is not None and set(given) != set(wanted):
        off = sorted(set(given) ^ set(wanted))
        raise ContractError(f"{entry.id}: the analysis and reports/contract.csv differ in the keys {off}.")
    values = {key: None if given is None else given[key] for key in wanted}
    if entry.kind == NOT_ANCHORABLE:
        return Compared(entry, values, NOT_ANCHORABLE, entry.why)
    if given is None:
        if entry.package != 1:
            return Compared(
                entry, values, LATER, "Needs connectivity at full resolution, which this report does not read."
            )
        return Compared(entry, values, "no", "Not computed: the analysis failed or is not in this book.")
    failed = [reason for check in entry.checks for reason in _failures(check, values)]
    if any(value is None for value in values.values()) and not failed and not entry.checks:
        failed = ["nothing observed"]
    if failed:
        return Compared(entry, values, "no", "; ".join(failed))
    if entry.kind == "two readings":
        return Compared(entry, values, BOTH, entry.why)
    if entry.kind == "constructed" and is_synthetic:
        return Compared(entry, values, CONSTRUCTED, f"The synthetic data were built to give this. {entry.why}".strip())
    return Compared(entry, values, "yes", entry.why)


def _failures(check: Check, values: Mapping[str, object]) -> Iterable[str]:
    """Why a check does not hold; nothing when it does."""
    chosen = [key for key in values if key.endswith(check.key[1:])] if check.key.startswith("*") else [check.key]
    for key in chosen:
        value = values[key]
        if value is None:
            yield f"{words(key)}: no value"
        elif not _holds(check, value, values):
            yield f"{words(key)} {_off(check, key, value, values)}"


def words(key: str) -> str:
    """A dotted key of results.json as it is read."""
    return key.replace("_", " ").replace(".", " ")


def _off(check: Check, key: str, value: object, values: Mapping[str, object]) -> str:
    """What the value is and should be, in words, with the decimals that the publication prints."""
    if check.operator == "has" or not isinstance(value, int | float):
        return f"does not name {words(check.target)}"
    target, least = values.get(check.target), P_PLACES if key.split(".")[-1] == "p" else 0
    if isinstance(target, int | float):
        bound, places = float(target), LEAST_PLACES
        named = f"{words(check.target)}, which is {_apart(bound, value, places)}"
    else:
        bound, places = float(check.target), max(check.places, least)
        named = rounded(bound, check.places)
    return f"is {_apart(value, bound, places)}, not {MEANING[check.operator]}{named}"


def _apart(value: float, other: float, places: int) -> str:
    """The value as printed, with as many decimals more as tell it from the other."""
    apart = (n for n in range(places, MOST_PLACES) if rounded(value, n) != rounded(other, n))
    return rounded(value, next(apart, places))


def _holds(check: Check, value: object, values: Mapping[str, object]) -> bool:
    if check.operator == "has":
        return isinstance(value, list) and check.target in value
    if not isinstance(value, int | float):
        return False
    if check.operator == "~":
        return round_half_away(value, check.places) == Decimal(check.target)
    other = values[check.target] if check.target in values else float(check.target)
    if not isinstance(other, int | float):
        return False
    return {"=": value == other, "<": value < other, ">": value > other}[check.operator]
