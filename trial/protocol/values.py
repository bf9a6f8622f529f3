"""One value of a protocol: text, unit, source and status, with the readings its kind allows.

A kind (`Number`, `Count`, `Clock`, ...) is checked once, when the protocol is loaded; a reading
the kind does not allow raises ProtocolError naming the dotted key.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, time, timedelta
from decimal import Decimal

STATUSES = ("published", "proposed")
UNITS = frozenset(
    {
        "mg/kg/h", "mg/kg", "mg/h", "mg", "mg/day", "mg/mL", "mL/h", "ng/mL", "kg",
        "min", "h", "d", "wk", "months", "years", "s", "mm", "frames", "T",
        "mmHg", "beats/min", "breaths/min", "%", "points", "grade", "category", "p",
        "participants", "people", "trials", "items", "doses/day", "steps/day", "runs",
        "site time", "date", "yes/no", "text", "codes",
    }
)  # fmt: skip
NONE = "none"

_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
_CODE = re.compile(r"[a-z][a-z0-9_]*")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_SWITCH = {"yes": True, "no": False}
_SECONDS = {"s": 1, "min": 60, "h": 3600, "d": 86400, "wk": 604800}


class ProtocolError(ValueError):
    """A protocol file or a reading of it is wrong; `key` is the dotted key at fault."""

    def __init__(self, key: str, problem: str) -> None:
        super().__init__(f"Protocol key '{key}': {problem}")
        self.key = key
        self.problem = problem


@dataclass(frozen=True)
class Value:
    """A stated fact of the trial; `text` is exactly what the file says."""

    key: str
    text: str
    unit: str
    source: str
    status: str

    def problem(self) -> str | None:
        """Why this text is not of this kind, or None."""
        return None if self.text.strip() else "value is empty; state it"

    @property
    def proposed(self) -> bool:
        """True until the site signs the value: it is not in the publication."""
        return self.status == "proposed"

    @property
    def decimal(self) -> Decimal:
        """The number in `unit`."""
        if not _NUMBER.fullmatch(self.text):
            raise ProtocolError(self.key, f"'{self.text}' is not a decimal number such as 0.15")
        return Decimal(self.text)

    @property
    def integer(self) -> int:
        """The whole number in `unit`."""
        number = self.decimal
        if number != number.to_integral_value():
            raise ProtocolError(self.key, f"'{self.text}' is not a whole number")
        return int(number)

    @property
    def elapsed(self) -> timedelta:
        """A span of elapsed time (s, min, h, d of 24 h, wk)."""
        if self.unit not in _SECONDS:
            raise ProtocolError(self.key, f"unit '{self.unit}' is not a span of time")
        return timedelta(seconds=float(self.decimal * _SECONDS[self.unit]))

    @property
    def limit(self) -> Decimal | None:
        """The number, or None where the protocol states that there is no limit."""
        return None if self.text == NONE else self.decimal

    @property
    def time(self) -> time:
        """A time of day at the site."""
        if not _CLOCK.fullmatch(self.text):
            raise ProtocolError(self.key, f"'{self.text}' is not a time of day such as 08:00")
        return time.fromisoformat(self.text)

    @property
    def day(self) -> date:
        """A date at the site."""
        if problem := _day_problem(self.text):
            raise ProtocolError(self.key, problem)
        return date.fromisoformat(self.text)

    @property
    def is_on(self) -> bool:
        """Whether a switch says yes."""
        if self.text not in _SWITCH:
            raise ProtocolError(self.key, f"'{self.text}' is neither yes nor no")
        return _SWITCH[self.text]

    @property
    def codes(self) -> tuple[str, ...]:
        """The listed codes in order; empty where the file says none."""
        return () if self.text == NONE else tuple(part.strip() for part in self.text.split(","))

    @property
    def decimals(self) -> tuple[Decimal, ...]:
        """The listed numbers in order."""
        if problem := _list_problem(self.text):
            raise ProtocolError(self.key, problem)
        return tuple(Decimal(part) for part in self.text.split(", "))


def _day_problem(text: str) -> str | None:
    """Only the full form is a date: 20261101 and week dates are read by Python, but not by everybody."""
    try:
        good = _DAY.fullmatch(text) is not None and date.fromisoformat(text) is not None
    except ValueError:
        good = False
    return None if good else f"'{text}' is not a date such as 2026-11-01"


def _list_problem(text: str) -> str | None:
    """A comma without a space is refused: it may be a decimal comma."""
    good = all(_NUMBER.fullmatch(part) for part in text.split(", "))
    return None if good else f"'{text}' is not a list of decimal numbers such as 4, 12"


class Text(Value):
    """Words."""


class Number(Value):
    """A decimal number: read `.decimal` (or `.elapsed` for a span of time)."""

    def problem(self) -> str | None:
        return None if _NUMBER.fullmatch(self.text) else f"'{self.text}' is not a decimal number such as 0.15"


class Count(Number):
    """A whole number: read `.integer`."""

    def problem(self) -> str | None:
        return super().problem() or (f"'{self.text}' is not a whole number" if "." in self.text else None)


class Bound(Number):
    """A limit that may be absent: read `.limit`."""

    def problem(self) -> str | None:
        return None if self.text == NONE else super().problem()


class Clock(Value):
    """A time of day at the site: read `.time`."""

    def problem(self) -> str | None:
        return None if _CLOCK.fullmatch(self.text) else f"'{self.text}' is not a time of day such as 08:00"


class Day(Value):
    """A date at the site: read `.day`."""

    def problem(self) -> str | None:
        return _day_problem(self.text)


class Switch(Value):
    """Something that is done or not: read `.is_on`."""

    def problem(self) -> str | None:
        return None if self.text in _SWITCH else f"'{self.text}' is neither yes nor no"


class Numbers(Value):
    """A list of decimal numbers: read `.decimals`."""

    def problem(self) -> str | None:
        return _list_problem(self.text)


class Codes(Value):
    """A list of codes defined elsewhere in the protocol, or none: read `.codes`."""

    def problem(self) -> str | None:
        if not all(_CODE.fullmatch(part) for part in self.codes):
            return f"'{self.text}' is not a list of codes such as madrs, cgi_i"
        return "the same code is listed twice" if len(set(self.codes)) < len(self.codes) else None
