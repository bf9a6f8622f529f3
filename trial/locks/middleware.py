"""A write that a lock refused is answered 423, whichever view it came through."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from trial.locks.refusals import RecordLocked, forget_refusal, was_refused

Handler = Callable[[HttpRequest], HttpResponse]
LOCKED = 423
# What a form that was refused is shown again with.
SHOWN_AGAIN = (200, 409, 422)


class LockedAnswer:
    """Let the view show the refusal on its form, with what was typed; the answer says 423 Locked."""

    def __init__(self, handler: Handler) -> None:
        self.handler = handler

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, and mark the answer."""
        forget_refusal()
        response = self.handler(request)
        if was_refused() and response.status_code in SHOWN_AGAIN:
            response.status_code = LOCKED
        return response

    def process_exception(self, request: HttpRequest, raised: Exception) -> HttpResponse | None:
        """Show a refusal that no view shows itself."""
        if not isinstance(raised, RecordLocked):
            return None
        return render(request, "locks/refused.html", {"words": str(raised)}, status=LOCKED)
