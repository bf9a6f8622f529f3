"""The protocol's keys and codes in a reader's words, for its page."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from trial.protocol import Protocol, Value

LEAVES = {
    "after": "window closes after",
    "at": "time of day",
    "before": "window opens before",
    "below": "below",
    "hard_above": "refused above",
    "hard_below": "refused below",
    "label": "name",
    "least": "at least",
    "most": "at most",
    "offset": "time from the anchor",
    "recall": "time asked about",
    "soft_above": "warns above",
    "soft_below": "warns below",
    "text": "wording",
}
BARE_UNITS = ("text", "codes", "category", "date", "yes/no")
UNSET = "none"


@dataclass(frozen=True)
class Row:
    """One value of the protocol: its key without the section, what it is, how it reads, and the value."""

    key: str
    what: str
    text: str
    unit: str
    value: Value


@dataclass(frozen=True)
class Group:
    """The values of one subject, such as a visit; the name is empty for those of the section itself."""

    name: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Section:
    """The values under one first part of the dotted keys, in the file's order."""

    id: str
    title: str
    groups: tuple[Group, ...]


def words(code: str) -> str:
    """A code as words: its underscores and dots are read as spaces."""
    return code.replace("_", " ").replace(".", ", ")


def heading(code: str) -> str:
    """A code as words that begin a line."""
    return words(code)[:1].upper() + words(code)[1:]


def sections(version: Protocol, *, only_proposed: bool = False) -> list[Section]:
    """Every value of a protocol by section and subject, or only those that wait for a signature."""
    labels = labels_of(version)
    rows = [
        (key.partition(".")[0], row_of(key, value, labels))
        for key, value in version.walk()
        if value.proposed or not only_proposed
    ]
    return [
        Section(name, heading(name), tuple(groups_of([row for _, row in found], labels)))
        for name, found in groupby(rows, key=lambda pair: pair[0])
    ]


@dataclass(frozen=True)
class Difference:
    """A value that an amendment states: where it stands, what it is, and its text before and after with the unit.

    ``before`` is empty for a value that the earlier version did not have.
    """

    section: str
    group: str
    what: str
    before: str
    after: str
    is_proposed: bool


def differences(earlier: Protocol, later: Protocol) -> list[Difference]:
    """What a version states otherwise than the one before it, in the order of the page."""
    stood = dict(earlier.walk())
    found = []
    for section in sections(later):
        for group in section.groups:
            for row in group.rows:
                old = stood.get(row.value.key)
                if old is None or (old.text, old.unit) != (row.value.text, row.value.unit):
                    before = with_unit(old.text, old.unit) if old else ""
                    after = with_unit(row.text, row.unit)
                    found.append(Difference(section.title, group.name, row.what, before, after, row.value.proposed))
    return found


def with_unit(text: str, unit: str) -> str:
    """A value's text and its unit as they are read."""
    return text if text == UNSET or unit in BARE_UNITS or not unit else f"{text} {unit}"


def groups_of(rows: list[Row], labels: dict[str, str]) -> list[Group]:
    """Neighbouring rows of the same subject under its name."""
    found = groupby(rows, key=lambda row: row.key.rpartition(".")[0])
    return [Group(labels.get(code.rpartition(".")[2], heading(code)), tuple(part)) for code, part in found]


def labels_of(version: Protocol) -> dict[str, str]:
    """The names that the protocol itself gives its codes."""
    named = {key.split(".")[-2]: value.text for key, value in version.walk() if key.endswith(".label")}
    return named | {code: visit.label for code, visit in version.visits.items()}


def row_of(key: str, value: Value, labels: dict[str, str]) -> Row:
    """A value as a row of the page."""
    rest = key.partition(".")[2] or key
    leaf = rest.rpartition(".")[2]
    text = value.text
    if value.unit == "codes" and text != UNSET:
        text = ", ".join(labels.get(code, words(code)) for code in value.codes)
    unit = "" if value.unit in BARE_UNITS or text == UNSET else value.unit
    return Row(rest, LEAVES.get(leaf, words(leaf)), text, unit, value)
