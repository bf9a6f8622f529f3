"""Named reads of access tokens."""

from __future__ import annotations

import hashlib
from datetime import datetime
from uuid import UUID

from django.db.models import F, Q, QuerySet
from django.shortcuts import get_object_or_404

from trial.tokens.models import AccessToken
from trial.users.backends import AccountBackend
from trial.users.models import User


def digest_of(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def valid_token(token: str, now: datetime) -> AccessToken | None:
    """The token that is shown, if it is in force and its account may sign in.

    A token ends with the sessions of its account: at a new password, a reset of the second factor, a closing.
    """
    as_sessions = Q(user__sessions_ended_at=None) | Q(created_at__gt=F("user__sessions_ended_at"))
    found = AccessToken.objects.select_related("user").filter(
        as_sessions,
        digest=digest_of(token),
        ended_at=None,
        expires_at__gt=now,
        created_at__gte=F("user__password_set_at"),
    )
    row = found.first()
    return row if row is not None and AccountBackend().user_can_authenticate(row.user) else None


def tokens_of(user: User) -> QuerySet[AccessToken]:
    """A person's tokens, the latest first."""
    return AccessToken.objects.filter(user=user).order_by("-created_at")


def own_token(user: User, pk: UUID) -> AccessToken:
    """One of a person's own tokens; another's and a missing one raise the same Http404."""
    return get_object_or_404(tokens_of(user), pk=pk)
