"""The two moments a session carries, and what they say of it. Seconds since 1970, by the site's clock.

A session is live; locked, once nobody did anything for SESSION_IDLE_SECONDS: its account opens it again by password;
ended, SESSION_ABSOLUTE_SECONDS after signing in, whatever was done.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.utils import timezone

SIGNED_IN, ACTED = "signed_in_at", "acted_at"
Session = MutableMapping[str, Any]


class State(StrEnum):
    """How a signed-in session stands."""

    LIVE = "live"
    LOCKED = "locked"
    ENDED = "ended"


def now() -> float:
    """The site's clock."""
    return timezone.now().timestamp()


def begin(session: Session) -> None:
    """Start both counts: somebody signed in."""
    session[SIGNED_IN] = session[ACTED] = now()


def step() -> int:
    """Seconds within which a second action is not written down: a session's row is written once a minute at most."""
    return max(settings.SESSION_IDLE_SECONDS // 15, 1)


def note_action(session: Session) -> None:
    """Start the idle count again: a person did something."""
    if now() - session[ACTED] >= step():
        session[ACTED] = now()


def reopen(session: Session) -> None:
    """Start the idle count again after the password was given; an ended session starts both."""
    if state(session) is State.ENDED:
        begin(session)
    session[ACTED] = now()


def seconds_left(session: Session) -> float:
    """Seconds until the session is locked or ended, whichever comes first; 0 when it is."""
    idle = session[ACTED] + settings.SESSION_IDLE_SECONDS - now()
    return float(max(min(idle, session[SIGNED_IN] + settings.SESSION_ABSOLUTE_SECONDS - now()), 0))


def state(session: Session) -> State:
    """How the session stands; one without marks begins now."""
    if SIGNED_IN not in session:
        begin(session)
    if now() - session[SIGNED_IN] >= settings.SESSION_ABSOLUTE_SECONDS:
        return State.ENDED
    return State.LIVE if seconds_left(session) > 0 else State.LOCKED
