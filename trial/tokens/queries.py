"""Named reads of access tokens."""

from __future__ import annotations

import hashlib
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404

from trial.tokens.models import AccessToken
from trial.users.models import User


def digest_of(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def valid_token(token: str, now: datetime) -> AccessToken | None:
    """The token that is shown, if it is in force and its account is open."""
    found = AccessToken.objects.select_related("user").filter(
        digest=digest_of(token), ended_at=None, expires_at__gt=now, user__is_active=True
    )
    return found.first()


def tokens_of(user: User) -> QuerySet[AccessToken]:
    """A person's tokens, the latest first."""
    return AccessToken.objects.filter(user=user).order_by("-created_at")


def own_token(user: User, pk: UUID) -> AccessToken:
    """One of a person's own tokens; another's and a missing one raise the same Http404."""
    return get_object_or_404(tokens_of(user), pk=pk)
