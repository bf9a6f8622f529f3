"""When a role is in force: the account holds it, and the PI of the site has delegated its duties.

No delegation, no action. Needs no database and no clock.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from trial.permissions import Role

# The site's staff, who act on the PI's responsibility (ICH E6(R3) 2.3 Responsibilities: the investigator may delegate
# activities and keeps a record of it). Not the PI, who delegates and stays responsible. Not the administrator, who
# does nothing in the trial and sees no participant's data. Not the data manager and the monitor, who answer to the
# sponsor: a PI who could take the monitor's access away would choose who looks at the site.
DELEGATED = frozenset({Role.COORDINATOR, Role.PSYCHIATRIST, Role.NURSE, Role.IMAGING_ANALYST})

# What each delegated role usually does, as the log prints it; proposed, each PI changes the words of a line.
USUAL_DUTIES: dict[Role, str] = {
    Role.COORDINATOR: "Consent discussion and its record, screening, visits, ratings, phone follow-up, data entry",
    Role.PSYCHIATRIST: "Eligibility, medical care, orders for clonidine and infusion, ratings, acknowledging alerts",
    Role.NURSE: "Clonidine and infusion at the bedside, vital signs, side effects, blood samples, ratings",
    Role.IMAGING_ANALYST: "Scan sessions, import of images, image quality",
}

GCP, RATING_SCALES, INFUSION_CARE, IMAGING_METHODS = "GCP", "rating scales", "infusion and monitoring", "imaging"
# Which training a role needs beside that in the protocol in force; proposed, until the PI signs it with the protocol.
NEEDED_TOPICS: dict[Role, tuple[str, ...]] = {
    Role.COORDINATOR: (GCP, RATING_SCALES),
    Role.PSYCHIATRIST: (GCP, RATING_SCALES, INFUSION_CARE),
    Role.NURSE: (GCP, RATING_SCALES, INFUSION_CARE),
    Role.IMAGING_ANALYST: (GCP, IMAGING_METHODS),
    Role.PI: (GCP,),
}
OTHER_TOPICS = (GCP, RATING_SCALES, INFUSION_CARE, IMAGING_METHODS)


class Span(NamedTuple):
    """From a day to a day at the site, both included; an open end is None. What was ended holds no more at all."""

    starts_on: date
    ends_on: date | None = None
    is_ended: bool = False

    def holds(self, day: date) -> bool:
        """Whether it holds on a day."""
        return not self.is_ended and self.starts_on <= day and (self.ends_on is None or day <= self.ends_on)

    def meets(self, other: Span) -> bool:
        """Whether both hold on some day; what was ended meets nothing."""
        if self.is_ended or other.is_ended:
            return False
        begins_before_end = self.ends_on is None or other.starts_on <= self.ends_on
        return begins_before_end and (other.ends_on is None or self.starts_on <= other.ends_on)


def is_delegated(role: str, delegations: Iterable[Span], day: date, *, is_pi: bool) -> bool:
    """Whether the duties of a held role are delegated on a day, or need no delegation.

    is_pi: whether the person is PI of the site that day; nobody there could delegate to the PI.
    """
    return is_pi or role not in DELEGATED or any(span.holds(day) for span in delegations)


def topics_needed(role: str, protocol_version: str) -> tuple[str, ...]:
    """The training that a role needs under a protocol version; none for the roles of administration and oversight."""
    needed = NEEDED_TOPICS.get(Role(role), ())
    return (protocol_topic(protocol_version), *needed) if needed else ()


def protocol_topic(version: str) -> str:
    """The topic of training in a protocol version."""
    return f"protocol {version}"


class Trained(NamedTuple):
    """A training in a topic: from a day on, until a last day or for good."""

    topic: str
    trained_on: date
    valid_until: date | None = None


def lacking(needed: Iterable[str], trained: Iterable[Trained], day: date) -> list[str]:
    """What is lacking on a day, in words: each needed topic never trained or lapsed, in the order of *needed*."""
    rows, found = list(trained), []
    for topic in dict.fromkeys(needed):
        spans = [Span(row.trained_on, row.valid_until) for row in rows if row.topic == topic]
        if any(span.holds(day) for span in spans):
            continue
        ends = [span.ends_on for span in spans if span.ends_on is not None and span.ends_on < day]
        found.append(f"{topic} (lapsed on {max(ends):%Y-%m-%d})" if ends else topic)
    return found
