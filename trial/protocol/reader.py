"""Reads tables into the frozen dataclasses of `schema`, refusing whatever a dataclass does not declare.

A field typed `Value` (or a kind of it) is an inline table of value, unit, source and status; a
dataclass is a table; `Mapping[str, X]` is a table of tables whose `order` lists its ids; `Key` is
filled with the id; `str` and `Literal` are plain strings; `X | None` may be absent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from types import MappingProxyType, UnionType
from typing import Any, Literal, NewType, TypeVar, get_args, get_origin, get_type_hints

from trial.protocol.values import STATUSES, UNITS, ProtocolError, Value

Key = NewType("Key", str)
T = TypeVar("T")
ORDER = "order"
_PARTS = ("value", "unit", "source", "status")


def read_table(kind: type[T], table: object, path: str, key: str = "") -> T:
    """A table as the dataclass `kind`; ProtocolError names the first key at fault."""
    given = _as_table(table, path)
    dataclass: Any = kind
    hints = _hints(dataclass)
    wanted = [name for name, hint in hints.items() if hint is not Key]
    _refuse_unknown(given, wanted, path)
    values: dict[str, object] = {}
    for name, hint in hints.items():
        if hint is Key:
            values[name] = key
        else:
            values[name] = _read(hint, given.get(name), _join(path, name))
    return kind(**values)


def amended(base: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """The table of a version with the changes of its amendment: tables are merged, values and lists replaced."""
    whole = dict(base)
    for name, given in change.items():
        stood = base.get(name)
        merged = isinstance(given, dict) and isinstance(stood, dict) and not set(_PARTS) & {*given, *stood}
        whole[name] = amended(stood, given) if merged else given  # type: ignore[arg-type]
    return whole


@cache
def _hints(kind: type[Any]) -> Mapping[str, Any]:
    names = {field.name for field in fields(kind)}
    return {name: hint for name, hint in get_type_hints(kind).items() if name in names}


def _read(hint: Any, given: object, path: str) -> object:
    if get_origin(hint) is UnionType:
        return None if given is None else _read(get_args(hint)[0], given, path)
    if given is None:
        raise ProtocolError(path, "is missing; add it")
    if get_origin(hint) is Mapping:
        return _read_collection(get_args(hint)[1], given, path)
    if get_origin(hint) is Literal:
        return _read_choice(get_args(hint), given, path)
    if hint is str:
        return _as_text(given, path)
    if issubclass(hint, Value):
        return _read_value(hint, given, path)
    return read_table(hint, given, path)


def _read_value(kind: type[Value], given: object, path: str) -> Value:
    table = _as_table(given, path)
    _refuse_unknown(table, _PARTS, path)
    for part in _PARTS:
        if part not in table:
            raise ProtocolError(_join(path, part), "is missing; state value, unit, source, status")
        _as_text(table[part], _join(path, part))
    if table["status"] not in STATUSES:
        raise ProtocolError(_join(path, "status"), f"'{table['status']}' is none of {', '.join(STATUSES)}")
    if table["unit"] not in UNITS:
        raise ProtocolError(_join(path, "unit"), f"unit '{table['unit']}' is not known")
    value = kind(path, table["value"], table["unit"], table["source"], table["status"])
    if problem := value.problem():
        raise ProtocolError(_join(path, "value"), problem)
    return value


def _read_collection(kind: Any, given: object, path: str) -> Mapping[str, object]:
    table = _as_table(given, path)
    order = table.get(ORDER)
    if not isinstance(order, list) or not order or not all(isinstance(name, str) for name in order):
        raise ProtocolError(_join(path, ORDER), "is missing; list the ids of this table in their order")
    if len(set(order)) < len(order):
        raise ProtocolError(_join(path, ORDER), "lists an id twice")
    _refuse_unknown(table, [ORDER, *order], path)
    for name in order:
        if name not in table:
            raise ProtocolError(_join(path, name), f"is listed in {_join(path, ORDER)} but missing")
    return MappingProxyType({name: _read_entry(kind, table[name], _join(path, name), name) for name in order})


def _read_entry(kind: Any, given: object, path: str, name: str) -> object:
    if issubclass(kind, Value):
        return _read_value(kind, given, path)
    return read_table(kind, given, path, key=name)


def _read_choice(choices: tuple[str, ...], given: object, path: str) -> str:
    text = _as_text(given, path)
    if text not in choices:
        raise ProtocolError(path, f"'{text}' is none of {', '.join(choices)}")
    return text


def _refuse_unknown(table: Mapping[str, Any], wanted: list[str] | tuple[str, ...], path: str) -> None:
    for name in table:
        if name not in wanted:
            raise ProtocolError(_join(path, name), "is not a key of the protocol; remove or correct it")


def _as_table(given: object, path: str) -> Mapping[str, Any]:
    if not isinstance(given, dict):
        raise ProtocolError(path, "must be a table" if given is not None else "is missing; add it")
    return given


def _as_text(given: object, path: str) -> str:
    if not isinstance(given, str) or not given.strip():
        raise ProtocolError(path, "must be text in quotation marks and not empty")
    return given


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
