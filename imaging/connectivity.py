"""Network connectivity from correlations, and its baseline. Pure.

Correlations are averaged as Fisher z, never as r.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

BASELINE_SESSIONS = ("pre1", "pre2")


def fisher_z(r: float) -> float:
    """Fisher z of a correlation, artanh(r); ValueError unless -1 < r < 1."""
    if not -1 < r < 1:
        raise ValueError(f"A correlation of {r} has no Fisher z; leave out the diagonal.")
    return math.atanh(r)


def mean_fisher_z(correlations: Iterable[float]) -> float:
    """Mean of the Fisher z of correlations between pairs of nodes; ValueError without pairs."""
    values = [fisher_z(r) for r in correlations]
    if not values:
        raise ValueError("A network needs at least one pair of nodes.")
    return math.fsum(values) / len(values)


def baseline(by_session: Mapping[str, float]) -> float | None:
    """Mean of pre1 and pre2, or the one there is; None without either. Values in Fisher z by session.

    Source: Paper, Methods, Network FC analysis (scans before the infusion are averaged).
    """
    values = [by_session[name] for name in BASELINE_SESSIONS if name in by_session]
    return math.fsum(values) / len(values) if values else None


def change(by_session: Mapping[str, float]) -> float | None:
    """Post minus baseline in Fisher z; negative is a fall. None where either is missing."""
    before, after = baseline(by_session), by_session.get("post")
    return None if before is None or after is None else after - before
