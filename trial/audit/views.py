"""The trail on the screen."""

from __future__ import annotations

from typing import cast
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from trial.audit import queries
from trial.audit.registry import audited_models
from trial.permissions import requires

PAGE = 50


@require_safe
@requires("audit.read")
def trail(request: HttpRequest) -> HttpResponse:
    """The newest changes at the reader's sites, with a filter by person and by kind of record."""
    actor, label = request.GET.get("actor", "").strip(), request.GET.get("record", "")
    before = request.GET.get("before", "")
    try:
        lines = queries.trail(
            _sites(request),
            before=int(before) if before.isdecimal() else None,
            actor=actor,
            label=label,
            size=PAGE,
        )
    except (LookupError, ValueError) as error:
        raise Http404("No such kind of record.") from error
    kinds = [(model._meta.label, model._meta.verbose_name) for model in audited_models()]
    page = {"lines": lines, "actor": actor, "record": label, "kinds": kinds, "before": before}
    return render(request, "audit/trail.html", page | {"older": lines[-1].entry_id if len(lines) == PAGE else None})


@require_safe
@requires("audit.read")
def history(request: HttpRequest, label: str, row_id: str) -> HttpResponse:
    """Everything that happened to one record."""
    try:
        lines = queries.history(label, row_id, _sites(request))
    except (LookupError, ValueError):
        lines = []
    if not lines:
        raise Http404("No such record.")
    return render(request, "audit/history.html", {"lines": lines, "table": lines[0].table})


def _sites(request: HttpRequest) -> frozenset[UUID]:
    """The sites that requires() left on the request."""
    return cast("frozenset[UUID]", request.sites)  # type: ignore[attr-defined]
