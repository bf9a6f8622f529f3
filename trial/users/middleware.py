"""Pages with participants' data are never kept by a browser or a proxy; what no form can send is refused."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, JsonResponse
from django.utils.cache import add_never_cache_headers

Handler = Callable[[HttpRequest], HttpResponse]


def never_stored(handler: Handler) -> Handler:
    """Mark every dynamic page as not to be stored."""

    def handle(request: HttpRequest) -> HttpResponse:
        response = handler(request)
        add_never_cache_headers(response)
        return response

    return handle


def readable(handler: Handler) -> Handler:
    """Refuse an address with a NUL byte and a form that is not in UTF-8: no browser sends them from our pages.

    PostgreSQL holds no NUL byte, and Django fails while it answers a form in another encoding.
    """

    def handle(request: HttpRequest) -> HttpResponse:
        charset = (request.content_params or {}).get("charset", "utf-8")
        if "\0" in request.path or "%00" in request.META.get("QUERY_STRING", "") or charset.lower() != "utf-8":
            if request.path.startswith("/api/"):
                return JsonResponse(
                    {"detail": "This request cannot be read: send UTF-8 without NUL signs."}, status=400
                )
            return HttpResponseBadRequest("This request cannot be read. Go back and try again.")
        return handler(request)

    return handle
