"""What a form is bound to, and which methods its page takes."""

from __future__ import annotations

from django.http import HttpRequest, QueryDict

# Of a page with a form; what only reads takes `require_safe`.
FORM = ("GET", "HEAD", "POST")


def posted(request: HttpRequest) -> QueryDict | None:
    """Return what was posted, however little, or None where nothing was: an empty post is a form to refuse."""
    return request.POST if request.method == "POST" else None
