"""Pages with participants' data are never kept by a browser or a proxy."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.cache import add_never_cache_headers

Handler = Callable[[HttpRequest], HttpResponse]


def never_stored(handler: Handler) -> Handler:
    """Mark every dynamic page as not to be stored."""

    def handle(request: HttpRequest) -> HttpResponse:
        response = handler(request)
        add_never_cache_headers(response)
        return response

    return handle
