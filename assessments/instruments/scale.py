"""A rating scale: its items and how they are scored. Pure.

A scale is summed over its items; while an item is missing the total is null, and nothing is imputed.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

SUM = "sum"
NULL_WHEN_MISSING = "total null when an item is missing"


class InstrumentError(ValueError):
    """An instrument's file is wrong; `key` is the dotted key at fault."""

    def __init__(self, key: str, problem: str) -> None:
        super().__init__(f"Instrument key '{key}': {problem}")
        self.key = key


class ScoreRefused(ValueError):
    """A score that the scale does not know; the message names instrument, item and range."""


@dataclass(frozen=True)
class Item:
    """One item; `anchors` are the words that may be shown at some of its scores."""

    id: str
    label: str
    minimum: int
    maximum: int
    anchors: Mapping[int, str]

    @property
    def values(self) -> range:
        """Every score the item can have."""
        return range(self.minimum, self.maximum + 1)


@dataclass(frozen=True)
class Subscale:
    """A sum over some of the items."""

    id: str
    label: str
    items: tuple[str, ...]


@dataclass(frozen=True)
class Rights:
    """Who owns the wording, and how much of it may be shown."""

    status: str
    display: str


@dataclass(frozen=True)
class Instrument:
    """A scale. All items share one coding base (`minimum`), so that 0-based and 1-based data never mix."""

    id: str
    version: str
    title: str
    rights: Rights
    recall_windows: tuple[str, ...]
    items: Mapping[str, Item]
    subscales: Mapping[str, Subscale]

    @property
    def coding_base(self) -> int:
        """The lowest score of every item."""
        return next(iter(self.items.values())).minimum

    @property
    def lowest(self) -> int:
        """The least total."""
        return sum(item.minimum for item in self.items.values())

    @property
    def highest(self) -> int:
        """The greatest total."""
        return sum(item.maximum for item in self.items.values())


@dataclass(frozen=True)
class Score:
    """Totals in points; None where an item is missing. `missing`: ids of the items without a score."""

    total: int | None
    subscales: Mapping[str, int | None]
    missing: tuple[str, ...]


def score(scale: Instrument, scores: Mapping[str, int]) -> Score:
    """Sum the scores by item id; raises ScoreRefused for an unknown item or a score out of range."""
    for name, value in scores.items():
        check_score(scale, name, value)
    return Score(
        total=_sum(scale.items, scores),
        subscales={name: _sum(subscale.items, scores) for name, subscale in scale.subscales.items()},
        missing=tuple(name for name in scale.items if name not in scores),
    )


def check_score(scale: Instrument, name: str, value: object) -> None:
    """Raise ScoreRefused unless *value* is a score of the item *name*."""
    if name not in scale.items:
        raise ScoreRefused(f"{scale.id} has no item '{name}'; its items are {', '.join(scale.items)}.")
    item = scale.items[name]
    if not isinstance(value, int) or isinstance(value, bool) or value not in item.values:
        raise ScoreRefused(
            f"{scale.id}, {item.label} ({name}): {value!r} is not a whole number from {item.minimum} to "
            f"{item.maximum}. Leave the item out if it was not rated."
        )


def _sum(names: Iterable[str], scores: Mapping[str, int]) -> int | None:
    return None if any(name not in scores for name in names) else sum(scores[name] for name in names)


def load(text: str) -> Instrument:
    """An instrument from the text of its file; InstrumentError names the dotted key at fault."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InstrumentError("file", f"is not TOML: {error}") from error
    wanted = ("id", "version", "title", "recall_windows", "scoring", "missing", "rights", "items")
    _only(table, (*wanted, "subscales"), "")
    for name, rule in (("scoring", SUM), ("missing", NULL_WHEN_MISSING)):
        if _text(table, name, "") != rule:
            raise InstrumentError(name, f"must be '{rule}'; no other rule is known")
    items = _items(table.get("items"))
    return Instrument(
        id=_text(table, "id", ""),
        version=_text(table, "version", ""),
        title=_text(table, "title", ""),
        rights=_rights(table.get("rights")),
        recall_windows=_texts(table.get("recall_windows"), "recall_windows"),
        items=MappingProxyType(items),
        subscales=MappingProxyType(_subscales(table.get("subscales", []), items)),
    )


def _rights(table: object) -> Rights:
    given = _table(table, "rights")
    _only(given, ("status", "display"), "rights")
    return Rights(_text(given, "status", "rights"), _text(given, "display", "rights"))


def _items(tables: object) -> dict[str, Item]:
    if not isinstance(tables, list) or not tables:
        raise InstrumentError("items", "is missing; list the items in their order")
    items: dict[str, Item] = {}
    for position, table in enumerate(tables):
        item = _item(_table(table, f"items[{position}]"), f"items[{position}]")
        if item.id in items:
            raise InstrumentError(f"items[{position}].id", f"'{item.id}' stands twice")
        items[item.id] = item
    if len({item.minimum for item in items.values()}) > 1:
        raise InstrumentError("items", "start from different lowest scores; one scale has one coding base")
    return items


def _item(table: Mapping[str, Any], path: str) -> Item:
    _only(table, ("id", "label", "min", "max", "anchors"), path)
    least, most = _whole(table, "min", path), _whole(table, "max", path)
    if most <= least:
        raise InstrumentError(f"{path}.max", f"{most} is not above min {least}")
    anchors: dict[int, str] = {}
    for value, words in _table(table.get("anchors", {}), f"{path}.anchors").items():
        if not value.isdecimal() or not least <= int(value) <= most:
            raise InstrumentError(f"{path}.anchors.{value}", f"is not a score from {least} to {most}")
        if not isinstance(words, str) or not words.strip():
            raise InstrumentError(f"{path}.anchors.{value}", "must be text and not empty")
        anchors[int(value)] = words
    return Item(_text(table, "id", path), _text(table, "label", path), least, most, MappingProxyType(anchors))


def _subscales(tables: object, items: Mapping[str, Item]) -> dict[str, Subscale]:
    if not isinstance(tables, list):
        raise InstrumentError("subscales", "must be a list of tables")
    found: dict[str, Subscale] = {}
    for position, entry in enumerate(tables):
        path = f"subscales[{position}]"
        table = _table(entry, path)
        _only(table, ("id", "label", "items"), path)
        names = _texts(table.get("items"), f"{path}.items")
        if unknown := sorted(set(names) - set(items)):
            raise InstrumentError(f"{path}.items", f"names unknown items: {', '.join(unknown)}")
        if not names or len(set(names)) < len(names):
            raise InstrumentError(f"{path}.items", "is empty or names an item twice")
        found[_text(table, "id", path)] = Subscale(_text(table, "id", path), _text(table, "label", path), names)
    return found


def _only(table: Mapping[str, Any], wanted: tuple[str, ...], path: str) -> None:
    for name in table:
        if name not in wanted:
            raise InstrumentError(_join(path, name), "is not a key of an instrument; remove or correct it")


def _table(given: object, path: str) -> Mapping[str, Any]:
    if not isinstance(given, dict):
        raise InstrumentError(path, "is missing or not a table; add it")
    return given


def _text(table: Mapping[str, Any], name: str, path: str) -> str:
    given = table.get(name)
    if not isinstance(given, str) or not given.strip():
        raise InstrumentError(_join(path, name), "must be text in quotation marks and not empty")
    return given


def _whole(table: Mapping[str, Any], name: str, path: str) -> int:
    given = table.get(name)
    if not isinstance(given, int) or isinstance(given, bool):
        raise InstrumentError(_join(path, name), "must be a whole number")
    return given


def _texts(given: object, path: str) -> tuple[str, ...]:
    if not isinstance(given, list) or not all(isinstance(part, str) and part for part in given):
        raise InstrumentError(path, "must be a list of texts; [] where there is none")
    return tuple(given)


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
