"""Pairs of measures as figures: medians, ratio and difference, of five pairs taken in turn."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import NamedTuple

PAIRS = 5
Pair = tuple[float, float]


class Compared(NamedTuple):
    """Medians in seconds of what is measured and of what it stands beside; the median of the pairs' ratios."""

    measured: float
    beside: float
    ratio: float
    added: float


def in_turn(pair: Callable[[], Pair], pairs: int = PAIRS) -> Compared:
    """Take pairs one after another, so that a change of the machine's mood meets both sides."""
    taken = [pair() for _ in range(pairs)]
    return Compared(
        statistics.median(left for left, _ in taken),
        statistics.median(right for _, right in taken),
        statistics.median(left / right for left, right in taken),
        statistics.median(left - right for left, right in taken),
    )


def say(what: str, beside: str, found: Compared) -> None:
    """Print one comparison in milliseconds."""
    print(
        f"{what}: {found.measured * 1000:.2f} ms, {beside}: {found.beside * 1000:.2f} ms; "
        f"ratio {found.ratio:.2f}, added {found.added * 1000:.2f} ms (medians of {PAIRS} pairs)"
    )
