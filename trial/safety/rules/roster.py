"""Times at which nobody is on call. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

Span = tuple[datetime, datetime]


def overlaps(one: Span, other: Span) -> bool:
    """Whether two spans share a time; a span ends before its end."""
    return one[0] < other[1] and other[0] < one[1]


def gaps(spans: Iterable[Span], begins: datetime, ends: datetime) -> tuple[Span, ...]:
    """The parts of *begins* to *ends* that no span covers, in order."""
    found, covered_until = [], begins
    for start, end in sorted(spans):
        if start >= ends:
            break
        if start > covered_until:
            found.append((covered_until, start))
        covered_until = max(covered_until, end)
    if covered_until < ends:
        found.append((covered_until, ends))
    return tuple(found)
