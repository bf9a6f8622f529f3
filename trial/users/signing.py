"""Signing in and out: the counts of a session begin, and the log says who, and every refusal; never what was typed."""

from __future__ import annotations

import logging
from typing import Any

from axes.handlers.proxy import AxesProxyHandler
from axes.signals import user_locked_out
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.dispatch import receiver
from django.http import HttpRequest

from trial.users.models import User
from trial.users.sessions import duties, marks

log = logging.getLogger(__name__)


@receiver(user_logged_in)
def signed_in(user: Any, request: HttpRequest | None = None, **_: Any) -> None:
    """Begin the session's counts and the account's duties, and note who signed in."""
    if request is not None:
        marks.begin(request.session)
        duties.lay_down(request.session, user)
    log.info("signed in: %s", user.get_username())


@receiver(user_logged_out)
def signed_out(user: Any, **_: Any) -> None:
    """Note who signed out; a session that had ended already names nobody."""
    log.info("signed out: %s", user.get_username() if user else "nobody")


@receiver(user_login_failed)
def refused(credentials: dict[str, Any], **_: Any) -> None:
    """Note a refusal."""
    log.warning("sign-in refused: %s", loggable(str(credentials.get("username", ""))))


@receiver(user_locked_out)
def locked_out(username: str, **_: Any) -> None:
    """Note that a name or its address is locked."""
    name = username.partition(":")[2]
    log.warning("locked after failed attempts: %s", "an unknown name" if name.startswith("no account ") else name)


def loggable(name: str) -> str:
    """A name that is an account's. Another is not written down: it may be a password in the wrong field."""
    return name if User.objects.filter(username=name).exists() else "an unknown name"


def note_reopened(request: HttpRequest, user: User) -> None:
    """Note who opened a session again, and forget the failures before."""
    AxesProxyHandler.get_implementation().reset_user_attempts(request, {"username": user.get_username()})
    log.info("reopened: %s", user.get_username())
