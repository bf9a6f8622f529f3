"""The gate of the interface for programmes: the same table of actions and sites as the pages', narrowed by scopes."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.utils import timezone
from ninja.security import HttpBearer

from trial.permissions import ACTIONS, refuse_unblinding, sites_permitting
from trial.tokens.models import AccessToken
from trial.tokens.queries import valid_token
from trial.tokens.registry import offer


class Allows(HttpBearer):
    """`Authorization: Bearer <token>` in front of an operation, before anything of the request is read.

    The request acts as the person who made the token. Like `trial.permissions.requires`, it asks for an action that
    the account may do at some site, and the token must name the action as well; the sites are left on
    ``request.sites``. No token in force answers 401, another scope or role 403.
    """

    def __init__(self, action: str) -> None:
        super().__init__()
        ACTIONS[action]
        offer(action)
        self.action = action

    def authenticate(self, request: HttpRequest, token: str) -> AccessToken | None:
        """Return the token in force, or None; raises PermissionDenied where it does not reach."""
        found = valid_token(token, timezone.now())
        if found is None:
            return None
        user: Any = found.user
        sites = sites_permitting(user, self.action) if self.action in found.scopes else frozenset()
        if not sites:
            raise PermissionDenied(f"This token or your roles do not allow '{self.action}'.")
        match = request.resolver_match
        refuse_unblinding(user, self.action, match.kwargs.get("study_id") if match else None, sites)
        request.user = user
        request.sites = sites  # type: ignore[attr-defined]
        return found
