"""What counts as an action of a person. Timers and fragments that load themselves do not.

A navigation and a form that the browser sends by itself count. What a script sends counts only with the header
X-User-Action, which static/trial/session.js adds where a key, a pointer or an open interview is behind it: whatever
nobody thought of marking leaves the session to end.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django.http import HttpRequest, HttpResponse

MARK = "X-User-Action"
View = TypeVar("View", bound=Callable[..., HttpResponse])


def is_action(request: HttpRequest) -> bool:
    """Whether a person is behind the request, rather than a timer of an open page."""
    if request.headers.get(MARK) == "1":
        return True
    # Browsers say what asks; one too old to say so is told by HTMX's own header.
    is_script = request.headers.get("Sec-Fetch-Mode", "navigate") != "navigate"
    return not is_script and "HX-Request" not in request.headers


def while_locked(view: View) -> View:
    """Mark a view that also a locked session may ask for: it must show nothing that identifies a participant."""
    view.while_locked = True  # type: ignore[attr-defined]
    return view


def always(view: View) -> View:
    """Mark a view that also an ended session may ask for: how it stands, opening it again, leaving it."""
    view.while_ended = True  # type: ignore[attr-defined]
    return while_locked(view)
