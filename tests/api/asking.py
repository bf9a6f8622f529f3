"""A programme with a token, and every operation of the interface by its own description."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.test import Client
from django.utils import timezone

from trial.api import api
from trial.audit.context import audited
from trial.permissions import ACTIONS
from trial.tokens.models import AccessToken
from trial.tokens.queries import digest_of
from trial.users.models import User

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def token_for(user: User, *scopes: str, lifetime: timedelta = timedelta(days=1)) -> str:
    """A token with scopes, whatever the account's roles allow: what it may do is what the gate lets through."""
    token = f"k96_{uuid.uuid4().hex}"
    with audited("system:tests", "set up"):
        AccessToken.objects.create(
            user=user,
            name="test",
            digest=digest_of(token),
            scopes=list(scopes or ACTIONS),
            expires_at=timezone.now() + lifetime,
        )
    return token


def ask(token: str, method: str, path: str, body: Any = None, key: str | None = None) -> Any:
    """The answer to a request with a token; *body* is sent as JSON."""
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": key or str(uuid.uuid4())}
    content = "" if body is None else json.dumps(body)
    return Client(raise_request_exception=False).generic(
        method, path, content, content_type="application/json", headers=headers
    )


def operations() -> Iterator[tuple[str, str, str]]:
    """Every operation as (method, URL name with namespace, the action that it asks for)."""
    for _, router in api._routers:
        for view in router.path_operations.values():
            for operation in view.operations:
                for method in operation.methods:
                    (gate,) = operation.auth_callbacks
                    yield method, f"api:{operation.url_name}", gate.action  # type: ignore[attr-defined]
