"""After how many minutes which alert goes to the next person. Pure."""

from __future__ import annotations

from datetime import timedelta

from trial import protocol
from trial.protocol import Protocol
from trial.protocol.values import Numbers

# The first version that plans the escalation; its plan, proposed, watches over participants of earlier versions too.
FIRST_WITH_PLAN = "ketamine_96h_v2"


def plan_of(version: Protocol, level: str) -> Numbers:
    """The minutes after which each next person is told of an alert of a level, as the protocol states them."""
    own = version.safety.escalation or protocol.for_version(FIRST_WITH_PLAN).safety.escalation
    if own is None:
        raise LookupError(f"{FIRST_WITH_PLAN} has no safety.escalation; name the version that has.")
    return own[level]


def steps(version: Protocol, level: str) -> tuple[timedelta, ...]:
    """How long after an alert was raised each step is due."""
    return tuple(timedelta(minutes=float(minutes)) for minutes in plan_of(version, level).decimals)
