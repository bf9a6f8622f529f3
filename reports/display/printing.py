"""Numbers as printed. Rounding is half away from zero, minus is a minus sign, what is missing is a dash."""

from __future__ import annotations

import re

from reports.display.parts import Number, Piece, Text
from reports.stats.rounding import format_p, round_half_away

MISSING = "–"
_SLOT = re.compile(r"\{(\w+)\}")


def rounded(value: float | int | None, places: int) -> str:
    """The value with so many decimals, or a dash."""
    return MISSING if value is None else str(round_half_away(value, places)).replace("-", "−")


class Printer:
    """Makes the numbers of one analysis; an id may be given once."""

    def __init__(self, analysis: str) -> None:
        self._analysis = analysis
        self._given: set[str] = set()
        self._sizes = 0

    def _make(self, name: str, label: str, value: float | int | None, text: str) -> Number:
        identity = f"{self._analysis}.{name}"
        if identity in self._given:
            raise ValueError(f"The number '{identity}' is printed twice under one id; give each its own.")
        self._given.add(identity)
        return Number(identity, label, value, text)

    def number(self, name: str, label: str, value: float | int | None, places: int = 0) -> Number:
        """A number with so many decimals."""
        return self._make(name, label, value, rounded(value, places))

    def size(self, label: str, n: int) -> Number:
        """The size of a population where a table names it; each has its own id."""
        self._sizes += 1
        return self.number(f"population_{self._sizes}.n", f"{label}, n", n)

    def percent(self, name: str, label: str, value: float | None, places: int = 0) -> Number:
        """A percentage with its sign."""
        return self._make(name, label, value, MISSING if value is None else f"{rounded(value, places)}%")

    def p(self, name: str, label: str, value: float | None) -> Number:
        """A p value: three decimals, or below the floor."""
        return self._make(name, f"{label}, p", value, MISSING if value is None else format_p(value))

    def mean_sd(self, name: str, label: str, mean: float | None, sd: float | None, places: tuple[int, int]) -> Text:
        """Mean (SD)."""
        first = self.number(f"{name}.mean", f"{label}, mean", mean, places[0])
        return (first, " (", self.number(f"{name}.sd", f"{label}, SD", sd, places[1]), ")")

    def interval(self, name: str, label: str, low: float | None, high: float | None, places: int) -> Text:
        """Low to high."""
        first = self.number(f"{name}.low", f"{label}, lower 95% limit", low, places)
        return (first, " to ", self.number(f"{name}.high", f"{label}, upper 95% limit", high, places))

    def share(self, name: str, label: str, count: int, of: int, places: int = 0) -> Text:
        """Count/denominator (percent); without a denominator no percent."""
        return (
            self.number(f"{name}.count", f"{label}, count", count),
            "/",
            self.number(f"{name}.denominator", f"{label}, denominator", of),
            " (",
            self.percent(f"{name}.percent", f"{label}, percent", 100 * count / of if of else None, places),
            ")",
        )


def sentence(template: str, **slots: Piece | Text) -> Text:
    """A text with `{name}` slots filled by numbers or texts; raises KeyError for a slot that is not given."""
    pieces: list[Piece] = []
    for place, part in enumerate(_SLOT.split(template)):
        if place % 2:
            filled = slots[part]
            pieces.extend(filled if isinstance(filled, tuple) else (filled,))
        elif part:
            pieces.append(part)
    return tuple(pieces)


def cell(content: Piece | Text) -> Text:
    """A cell of a table."""
    return content if isinstance(content, tuple) else (content,)
