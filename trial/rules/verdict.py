"""The answer of a rule."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from trial.protocol import Limit, Value

Severity = Literal["none", "soft", "hard"]
_RANK: dict[Severity, int] = {"none": 0, "soft": 1, "hard": 2}


@dataclass(frozen=True)
class Verdict:
    """Whether something may be done, and if not, why and on what authority.

    severity "soft" may be overridden with a reason; "hard" may not. `source` is the source of the
    protocol value that decided, `proposed` whether that value still awaits its signature.
    """

    ok: bool
    severity: Severity = "none"
    why: str = ""
    source: str = ""
    key: str = ""
    proposed: bool = False

    def __post_init__(self) -> None:
        if self.ok != (self.severity == "none"):
            raise ValueError(f"A verdict that is ok={self.ok} cannot have severity '{self.severity}'.")
        if not self.ok and not self.why:
            raise ValueError("A verdict that is not ok says why.")


ALLOWED = Verdict(ok=True)


def refuse(why: str, value: Value | None = None) -> Verdict:
    """A hard refusal, resting on a protocol value if one decided."""
    return _against("hard", why, value)


def warn(why: str, value: Value | None = None) -> Verdict:
    """A soft warning that a reason overrides."""
    return _against("soft", why, value)


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The gravest verdict, the first among equals; ALLOWED if there is none."""
    return max(verdicts, key=lambda verdict: _RANK[verdict.severity], default=ALLOWED)


def judge_limit(limit: Limit, amount: Decimal) -> Verdict:
    """Judge an amount (in the limit's unit) against its bounds; a bound itself is within."""
    for judge, below, above in (
        (refuse, limit.hard_below, limit.hard_above),
        (warn, limit.soft_below, limit.soft_above),
    ):
        stated = f"{limit.label} {amount} {limit.unit}"
        if below.limit is not None and amount < below.limit:
            return judge(f"{stated} is below {below.text} {below.unit}", below)
        if above.limit is not None and amount > above.limit:
            return judge(f"{stated} is above {above.text} {above.unit}", above)
    return ALLOWED


def _against(severity: Severity, why: str, value: Value | None) -> Verdict:
    if value is None:
        return Verdict(ok=False, severity=severity, why=why)
    return Verdict(False, severity, why, value.source, value.key, value.proposed)
