"""A password that somebody else chose is changed by its holder before anything else is done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

PASSWORD = "users:password"  # noqa: S105 - the name of an address
# What stays open meanwhile: the page of the password, and leaving.
OPEN = frozenset({PASSWORD, "users:sign_out"})


class OwnPasswordFirst:
    """Lead an account with a given password to the page where it is changed."""

    def __init__(self, handler: Callable[[HttpRequest], HttpResponse]) -> None:
        self.handler = handler

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.handler(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        """Answer in place of the page asked for, while the password is not the holder's own."""
        is_open = request.resolver_match is not None and request.resolver_match.view_name in OPEN
        if is_open or not getattr(request.user, "is_password_given", False):
            return None
        return redirect(PASSWORD)
