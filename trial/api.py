"""The interface for programmes, put together: /api/v1/, described in openapi.json.

The operations stand in each app's ``api.py``. They call the same services as the pages, behind the same table of
actions (`trial.tokens.gate.Allows`); an error is JSON with the same words as on the page.
"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver
from ninja import NinjaAPI

from assessments.api import router as assessments
from infusion.api import router as infusion
from reports.api import router as reports
from trial.participants.api import router as participants
from trial.records.services import AlreadyRecorded, RecordError, StaleRecord
from trial.safety.api import router as safety

# What describes the operations is read by whoever is signed in to the site.
DESCRIBING = ("openapi-json", "api-root")

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


@api.exception_handler(RecordError)
def refused(request: HttpRequest, why: RecordError) -> HttpResponse:
    """What a service refuses: 409 where somebody else was first, else 422."""
    return answer(request, 409 if isinstance(why, StaleRecord | AlreadyRecorded) else 422, str(why))


def answer(request: HttpRequest, status: int, detail: str) -> HttpResponse:
    """A refusal in JSON."""
    return api.create_response(request, {"detail": detail}, status=status)


def addresses() -> tuple[list[URLPattern | URLResolver], Any, Any]:
    """The addresses for the URLconf: of an operation a token, and no session, says who asks."""
    patterns, app_name, namespace = api.urls
    for pattern in patterns:
        if isinstance(pattern, URLPattern) and pattern.name not in DESCRIBING:
            pattern.callback.login_required = False  # type: ignore[attr-defined]
    return patterns, app_name, namespace
