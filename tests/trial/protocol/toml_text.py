"""Writes nested tables as TOML, so that tests can change the protocol one key at a time."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

from trial import protocol
from trial.protocol.checks import check
from trial.protocol.reader import read_table
from trial.protocol.schema import Protocol

Path = tuple[str, ...]

TEXT = files("trial.protocol").joinpath(f"{protocol.FIRST}.toml").read_text(encoding="utf-8")
TABLE: dict[str, Any] = tomllib.loads(TEXT)


def dumps(table: dict[str, Any]) -> str:
    """TOML with one line per top-level key."""
    return "\n".join(f"{key} = {_inline(value)}" for key, value in table.items())


def paths(table: dict[str, Any], above: Path = ()) -> Iterator[Path]:
    """The path of every key, tables before what they hold."""
    for key, value in table.items():
        yield (*above, key)
        if isinstance(value, dict):
            yield from paths(value, (*above, key))


def at(table: dict[str, Any], path: Path) -> Any:
    """What stands at a path."""
    for key in path:
        table = table[key]
    return table


def changed(path: Path, value: Any) -> dict[str, Any]:
    """The protocol's table with one key set."""
    table = dict(TABLE)
    inner = table
    for key in path[:-1]:
        inner[key] = dict(inner[key])
        inner = inner[key]
    inner[path[-1]] = value
    return table


def without(path: Path) -> dict[str, Any]:
    """The protocol's table without one key."""
    table = changed(path, None)
    del at(table, path[:-1])[path[-1]]
    return table


def refused_key(table: dict[str, Any]) -> str:
    """The dotted key a protocol is refused for; fails if it is accepted."""
    try:
        check(read_table(Protocol, table, ""))
    except protocol.ProtocolError as error:
        return error.key
    raise AssertionError("the protocol was accepted")


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_inline(entry)}" for key, entry in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False)
