"""The course of a participant's totals: a table by visit, and a small line per instrument. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from assessments.instruments import Instrument

WIDTH, HEIGHT, MARGIN = 160, 36, 4
UNDATED_SPAN = 1.0


@dataclass(frozen=True)
class Point:
    """One total at its moment."""

    at: datetime
    total: int


@dataclass(frozen=True)
class Line:
    """A line of totals in a box of WIDTH × HEIGHT; y grows downwards, higher totals lie higher."""

    path: str
    dots: tuple[tuple[float, float], ...]
    first: int
    last: int


def line(points: Sequence[Point], scale: Instrument, names: Sequence[str] | None = None) -> Line | None:
    """Draw totals over time within the range of the scale, or of the items *names*; None without points."""
    if not points:
        return None
    items = [scale.items[name] for name in names] if names is not None else list(scale.items.values())
    low, high = sum(item.minimum for item in items), sum(item.maximum for item in items)
    ordered = sorted(points, key=lambda point: point.at)
    begin = ordered[0].at
    span = (ordered[-1].at - begin).total_seconds() or UNDATED_SPAN
    dots = tuple(
        (
            round(MARGIN + (point.at - begin).total_seconds() / span * (WIDTH - 2 * MARGIN), 1),
            round(HEIGHT - MARGIN - (point.total - low) / (high - low) * (HEIGHT - 2 * MARGIN), 1),
        )
        for point in ordered
    )
    return Line(" ".join(f"{x},{y}" for x, y in dots), dots, ordered[0].total, ordered[-1].total)


def shown_total(total: object, missing: Mapping[str, str]) -> str:
    """A total as it stands in a table: whole, or marked incomplete."""
    return f"{total:.0f}" if total is not None else f"incomplete ({len(missing)} not rated)"
