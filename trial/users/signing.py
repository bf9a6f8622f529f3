"""Signing in and out, in the log: who, and every refusal; never what was typed."""

from __future__ import annotations

import logging
from typing import Any

from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.dispatch import receiver

from trial.users.models import User

log = logging.getLogger(__name__)


@receiver(user_logged_in)
def signed_in(user: Any, **_: Any) -> None:
    """Note who signed in."""
    log.info("signed in: %s", user.get_username())


@receiver(user_logged_out)
def signed_out(user: Any, **_: Any) -> None:
    """Note who signed out; a session that had ended already names nobody."""
    log.info("signed out: %s", user.get_username() if user else "nobody")


@receiver(user_login_failed)
def refused(credentials: dict[str, Any], **_: Any) -> None:
    """Note a refusal. A name that is no account's is not written down: it may be a password in the wrong field."""
    name = str(credentials.get("username", ""))
    known = User.objects.filter(username=name).exists()
    log.warning("sign-in refused: %s", name if known else "an unknown name")
