"""Between the two steps of signing in: the password was right, the code is not given yet. Nobody is signed in."""

from __future__ import annotations

from django.http import HttpRequest

from trial.users.backends import AccountBackend
from trial.users.models import User
from trial.users.sessions.held import page_asked_for
from trial.users.sessions.marks import now

HALF, SECONDS = "half_signed_in", 300


def remember(request: HttpRequest, user: User) -> None:
    """Note whose password was right, and the page asked for."""
    request.session[HALF] = {"user": str(user.pk), "at": now(), "next": page_asked_for(request)}


def half_signed_in(request: HttpRequest) -> User | None:
    """The account whose password was given in the last five minutes, if it may still sign in."""
    half = request.session.get(HALF)
    if half is None or now() - half["at"] > SECONDS:
        return None
    user = AccountBackend().get_user(half["user"])
    return user if isinstance(user, User) else None


def take_next(request: HttpRequest) -> str:
    """The page asked for before the password; the note is dropped."""
    return str(request.session.pop(HALF)["next"])
