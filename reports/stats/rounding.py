"""Numbers as printed: half away from zero, and p values with a floor.

Result dataclasses keep full precision; only text passes through here.
"""

from __future__ import annotations

import math
from decimal import ROUND_HALF_UP, Decimal

from reports.stats.errors import StatsError

P_PLACES = 3
P_FLOOR = 0.001


def round_half_away(value: float | int | Decimal, places: int) -> Decimal:
    """Return the value rounded to `places` decimals, halves away from zero.

    The shortest decimal that names the float is rounded, not its binary expansion, so
    2.675 gives 2.68 as on paper. A negative zero is printed as zero.
    """
    if places < 0:
        raise StatsError(f"Cannot round to {places} places; give zero or more.")
    number = value if isinstance(value, Decimal) else Decimal(repr(value if isinstance(value, int) else float(value)))
    if not number.is_finite():
        raise StatsError(f"Cannot round {value}; check whether the statistic exists before printing it.")
    rounded = number.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
    return abs(rounded) if rounded == 0 else rounded


def format_p(p: float) -> str:
    """Return "< 0.001" below the floor, else three decimals."""
    if math.isnan(p) or not 0 <= p <= 1:
        raise StatsError(f"{p} is not a probability; check the statistic before printing it.")
    return f"< {P_FLOOR}" if p < P_FLOOR else str(round_half_away(p, P_PLACES))
