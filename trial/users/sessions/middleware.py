"""Ends sessions by time, keeps what was sent too late, and leads to what must be done first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.middleware import get_user
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.http import urlencode

from trial.users.sessions import duties, held, marks
from trial.users.sessions.actions import is_action
from trial.users.sessions.marks import State

OVER = 401


class TimedSessions:
    """After the account is known and before anything asks for it."""

    def __init__(self, handler: Callable[[HttpRequest], HttpResponse]) -> None:
        self.handler = handler

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.user = SimpleLazyObject(lambda: live_user(request))  # type: ignore[assignment]
        response = self.handler(request)
        was_read = request.method == "POST" and request.session.accessed
        if was_read and held.is_sent_now(request, response) and request.user.is_authenticated:
            held.forget(request)
        return response

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: object, kwargs: object
    ) -> HttpResponse | None:
        """Answer in place of the view where the session is over or something must be done first."""
        if not getattr(view, "login_required", True) or SESSION_KEY not in request.session:
            return None
        stands = marks.state(request.session)
        if stands is State.LIVE:
            if is_action(request):
                marks.note_action(request.session)
            return duties.way_to_first(request)
        if getattr(view, "while_ended" if stands is State.ENDED else "while_locked", False):
            request.user = get_user(request)
            return None
        return refuse(request)


def live_user(request: HttpRequest) -> Any:
    """The account of a live session; nobody's otherwise."""
    if SESSION_KEY in request.session and marks.state(request.session) is not State.LIVE:
        return AnonymousUser()
    return get_user(request)


def refuse(request: HttpRequest) -> HttpResponse | None:
    """Tell a script that the session is over; keep what a form brought and lead to the sign-in page."""
    if "HX-Request" in request.headers:
        return HttpResponse(status=OVER)
    if request.method != "POST":
        return None
    back = urlencode({"next": held.page_of(request)})
    response = redirect(f"{reverse(settings.LOGIN_URL)}?{back}")
    held.hold(request, response)
    return response
