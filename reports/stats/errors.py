"""Refusals of the statistics: each says what is wrong, where, and what to do next."""

from __future__ import annotations


class StatsError(ValueError):
    """The data or the arguments do not allow the requested statistic."""


class NotConverged(StatsError):
    """A fit did not reach an optimum, so nothing may be inferred from it."""
