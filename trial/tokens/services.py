"""Making and ending access tokens."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from datetime import datetime, timedelta

from django.utils import timezone

from trial.audit.context import audited
from trial.permissions import ACTIONS, may
from trial.tokens.models import AccessToken
from trial.tokens.queries import digest_of
from trial.users.models import User

PREFIX = "k96_"
LONGEST = timedelta(days=366)


class TokenRefused(ValueError):
    """A token cannot be made as asked; the message says what to change."""


def make_token(
    actor: User, *, name: str, scopes: Collection[str], expires_at: datetime, now: datetime | None = None
) -> tuple[AccessToken, str]:
    """Return a new token's row and the token itself, which is never shown again.

    Raises TokenRefused for no or unknown scopes, what the account may not do, and an end past or too far.
    """
    now = now or timezone.now()
    if not name.strip():
        raise TokenRefused("Say what the token is for.")
    if unknown := sorted(set(scopes) - set(ACTIONS)):
        raise TokenRefused(f"There is no action {', '.join(unknown)}.")
    if not scopes:
        raise TokenRefused("Choose at least one thing that the token may do.")
    if beyond := sorted(scope for scope in scopes if not may(actor, scope)):
        raise TokenRefused(f"Your roles do not allow {', '.join(beyond)}, so no token of yours can.")
    if not now < expires_at <= now + LONGEST:
        raise TokenRefused("A token ends within a year from now; choose another day.")
    token = PREFIX + secrets.token_urlsafe(32)
    with audited(actor, f"access token made: {name.strip()}"):
        row = AccessToken.objects.create(
            user=actor, name=name.strip(), digest=digest_of(token), scopes=sorted(set(scopes)), expires_at=expires_at
        )
    return row, token


def end_token(actor: User, token: AccessToken) -> AccessToken:
    """End a token now; ending it again changes nothing."""
    with audited(actor, f"access token ended: {token.name}"):
        AccessToken.objects.filter(pk=token.pk, ended_at=None).update(ended_at=timezone.now())
    token.refresh_from_db()
    return token
