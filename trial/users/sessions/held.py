"""A form that was sent after the end of its session, kept for its author until the same account signs in again.

The fields are kept encrypted in the session's row; the key is in a cookie of the browser that sent them, so neither
the database nor the browser alone can show them. Signing in as another account empties the session, and with it this.
"""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils.http import url_has_allowed_host_and_scheme

from trial.users.sessions import marks

COOKIE, HELD = "held_form_key", "held_form"
LARGEST = 300_000
# Never kept: what opens something, and the token that a page gets anew.
SECRET = re.compile(r"password|^code$|token|secret", re.IGNORECASE)
# Kept with a form, but nobody typed them: whether it was sent before, what it was opened at, its draft or interview.
UNTYPED = frozenset({"key", "version", "draft", "interview", "page", "turn"})


class HeldForm(NamedTuple):
    """The form: where it goes, the page it stood on, its fields, the fields of its files, and when it was sent."""

    target: str
    source: str
    fields: list[tuple[str, str]]
    files: list[str]
    at: float

    @property
    def words(self) -> list[tuple[str, str]]:
        """The typed fields as name and value in words, for a person to read."""
        shown = [(name, value) for name, value in self.fields if value and name not in UNTYPED]
        return [(name.replace("_", " ").capitalize(), value) for name, value in shown]


NEVER_HELD = frozenset({"contacts"})


def hold(request: HttpRequest, response: HttpResponseBase) -> None:
    """Keep the posted fields of the request, and give the browser the key; too large a form is not kept.

    Neither are contact details: they are nowhere but in their own, erasable place.
    """
    if request.resolver_match is not None and request.resolver_match.namespace in NEVER_HELD:
        return
    fields = [(name, value) for name in request.POST for value in request.POST.getlist(name) if not SECRET.search(name)]
    form = HeldForm(request.get_full_path(), page_of(request), fields, list(request.FILES), marks.now())
    written = json.dumps(form).encode()
    if not fields or len(written) > LARGEST:
        return
    key = Fernet.generate_key()
    sealed = Fernet(key).encrypt_at_time(written, int(form.at)).decode()
    request.session[HELD] = {"form": sealed, "target": form.target, "page": urlsplit(form.source).path}
    response.set_cookie(
        COOKIE,
        key.decode(),
        max_age=settings.HELD_FORM_SECONDS,
        httponly=True,
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )


def page_of(request: HttpRequest) -> str:
    """The page of the site on which the form stood, else the address the form was sent to."""
    came_from = request.headers.get("Referer", "")
    if url_has_allowed_host_and_scheme(came_from, {request.get_host()}, require_https=request.is_secure()):
        parts = urlsplit(came_from)
        return f"{parts.path}?{parts.query}" if parts.query else parts.path
    return request.get_full_path()


def unsent(request: HttpRequest) -> HeldForm | None:
    """The form kept for this session, if it is not too old and the browser has its key."""
    kept: dict[str, str] | None = request.session.get(HELD)
    key = request.COOKIES.get(COOKIE, "")
    if not kept or not key:
        return None
    try:
        box = Fernet(key.encode())
        opened = box.decrypt_at_time(kept["form"].encode(), settings.HELD_FORM_SECONDS, int(marks.now()))
    except (InvalidToken, ValueError):
        return None
    target, source, fields, files, at = json.loads(opened)
    return HeldForm(target, source, [(name, value) for name, value in fields], files, at)


def forget(request: HttpRequest) -> None:
    """Let the kept form go."""
    request.session.pop(HELD, None)


def is_sent_now(request: HttpRequest, response: HttpResponseBase) -> bool:
    """Whether the request has just sent the kept form, and was taken: a form that is refused is shown again."""
    kept: dict[str, Any] = request.session.get(HELD) or {}
    return kept.get("target") == request.get_full_path() and 300 <= response.status_code < 400


def page_asked_for(request: HttpRequest) -> str:
    """Return the page asked for before signing in, if it is one of ours."""
    wanted = request.POST.get("next", request.GET.get("next", ""))
    ours = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if ours else settings.LOGIN_REDIRECT_URL


def next_page(request: HttpRequest) -> str:
    """Where signing in leads: to a form that was not sent, else to the page asked for."""
    return "users:held" if unsent(request) else page_asked_for(request)
