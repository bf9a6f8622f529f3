"""Many tests at once: the Bonferroni threshold and Holm's step-down decisions."""

from __future__ import annotations

from dataclasses import dataclass

from reports.stats.errors import StatsError


@dataclass(frozen=True)
class HolmDecision:
    """One hypothesis: its p, Holm-adjusted p, the threshold its rank was held to, and the decision."""

    p: float
    adjusted_p: float
    threshold: float
    rejected: bool


def bonferroni(alpha: float, m: int) -> float:
    """Return alpha/m, the threshold for each of m tests."""
    _check_alpha(alpha)
    if m < 1:
        raise StatsError(f"Bonferroni needs at least one test, got {m}; name the tests of the family.")
    return alpha / m


def holm(p: dict[str, float], alpha: float = 0.05) -> dict[str, HolmDecision]:
    """Decide a family of hypotheses by Holm (1979), in the order the family was given.

    p: name of the hypothesis to its p value. A hypothesis is rejected while it and every
    smaller p stay at or below alpha/(m - rank + 1).
    """
    _check_alpha(alpha)
    for name, value in p.items():
        if not 0 <= value <= 1:
            raise StatsError(f"Holm got p = {value} for {name}; leave out tests that could not be made.")
    m, running, decisions = len(p), 0.0, dict[str, HolmDecision]()
    for rank, (name, value) in enumerate(sorted(p.items(), key=lambda item: item[1])):
        running = max(running, min(1.0, (m - rank) * value))
        decisions[name] = HolmDecision(value, running, alpha / (m - rank), running <= alpha)
    return {name: decisions[name] for name in p}


def _check_alpha(alpha: float) -> None:
    if not 0 < alpha < 1:
        raise StatsError(f"alpha must lie between 0 and 1, got {alpha}; give the family's error rate.")
