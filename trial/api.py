"""The interface for programmes, put together: /api/v1/, described in openapi.json.

The operations stand in each app's ``api.py``. They call the same services as the pages, behind the same table of
actions (`trial.tokens.gate.Allows`). Every refusal is a `trial.tokens.schemas.Problem` in JSON, with the words of the
page, and the description names each status that an operation can answer.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver
from django.views.defaults import page_not_found
from ninja import NinjaAPI
from ninja.errors import ValidationError as UnfitMessage

from assessments.api import router as assessments
from infusion.api import router as infusion
from reports.api import router as reports
from trial.participants.api import router as participants
from trial.records.services import AlreadyRecorded, RecordError, StaleRecord
from trial.safety.api import router as safety

# What describes the operations is read by whoever is signed in to the site.
DESCRIBING = ("openapi-json", "api-root")
PREFIX = "/api/"
# How the validator's places begin: the kind of place, then for a body the name of the view's argument.
PLACES = {"body": 2, "header": 1, "path": 1, "query": 1}

api = NinjaAPI(
    title="Ketamine 96 h",
    version="1",
    urls_namespace="api",
    description="The trial's records for programmes. A token is made on the page Access tokens of one's account.",
    docs_url=None,
)
for router in (participants, assessments, infusion, safety, reports):
    api.add_router("", router)


@api.exception_handler(Http404)
def missing(request: HttpRequest, _: Http404) -> HttpResponse:
    """Another site's object and a missing one get the same bytes."""
    return answer(request, 404, "There is no such record at your sites.")


@api.exception_handler(PermissionDenied)
def denied(request: HttpRequest, refused: PermissionDenied) -> HttpResponse:
    """The gate's own words."""
    return answer(request, 403, str(refused))


@api.exception_handler(ValidationError)
def invalid(request: HttpRequest, wrong: ValidationError) -> HttpResponse:
    """Every problem with the field it is about."""
    if hasattr(wrong, "error_dict"):
        return answer(request, 422, " ".join(f"{name}: {' '.join(said)}" for name, said in wrong.message_dict.items()))
    return answer(request, 422, " ".join(wrong.messages))


@api.exception_handler(UnfitMessage)
def unfit(request: HttpRequest, wrong: UnfitMessage) -> HttpResponse:
    """Every field that is not as described, by its name in the message."""
    return answer(request, 422, " ".join(map(_said, wrong.errors)))


def _said(error: Any) -> str:
    """One complaint of the validator with the field it is about."""
    place = [str(part) for part in error["loc"]]
    name = ".".join(place[PLACES.get(place[0], 0) if place else 0 :])
    words = error["msg"].removeprefix("Value error, ")
    return f"{name}: {words}." if name else words


@api.exception_handler(RequestDataTooBig)
def too_long(request: HttpRequest, _: RequestDataTooBig) -> HttpResponse:
    """A body longer than any record."""
    return answer(request, 413, "This message is too long to be one record.")


@api.exception_handler(RecordError)
def refused(request: HttpRequest, why: RecordError) -> HttpResponse:
    """What a service refuses: 409 where somebody else was first, else 422."""
    return answer(request, 409 if isinstance(why, StaleRecord | AlreadyRecorded) else 422, str(why))


def answer(request: HttpRequest, status: int, detail: str) -> HttpResponse:
    """A refusal in JSON."""
    return api.create_response(request, {"detail": detail}, status=status)


def nothing_here(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The 404 of an address that leads nowhere (handler404): JSON below the interface's, else the site's page."""
    if request.path.startswith(PREFIX):
        return answer(request, 404, "There is nothing at this address; openapi.json lists those of the interface.")
    return page_not_found(request, exception)


def addresses(interface: NinjaAPI = api) -> tuple[list[URLPattern | URLResolver], Any, Any]:
    """The addresses for the URLconf: of an operation a token, and no session, says who asks."""
    patterns, app_name, namespace = interface.urls
    for pattern in patterns:
        if isinstance(pattern, URLPattern) and pattern.name not in DESCRIBING:
            pattern.callback = _in_json(pattern.callback)
            pattern.callback.login_required = False  # type: ignore[attr-defined]
    return patterns, app_name, namespace


def _in_json(view: Callable[..., Any]) -> Callable[..., Any]:
    """A method that an address does not have is refused like everything else."""

    @wraps(view)
    def asked(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        response = view(request, *args, **kwargs)
        if response.status_code != 405:
            return response
        refused = answer(request, 405, f"This address does not take {request.method}.")
        refused["Allow"] = response["Allow"]
        return refused

    return asked
