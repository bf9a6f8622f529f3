"""The trail on the screen."""

from __future__ import annotations

from datetime import date
from typing import Any, cast
from urllib.parse import urlencode
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from trial.audit import queries
from trial.audit.queries import Wanted
from trial.audit.registry import audited_models
from trial.blinding import Hidden, blinded_to
from trial.permissions import is_unblinding, may, requires, sites_permitting

PAGE = 25
CLINICAL_READING = frozenset({"participants.read", "infusion.read", "assessments.read", "imaging.read", "safety.read"})
# Entries are counted in 64 bits; a longer number is nobody's.
LONGEST_NUMBER = 18


@require_safe
@requires("audit.read")
def trail(request: HttpRequest) -> HttpResponse:
    """The changes at the reader's sites page by page, by person, kind of record, participant and days."""
    user: Any = request.user
    kept_from = blinded_to(user)
    wanted, before, after = wanted_of(request), number(request, "before"), number(request, "after")
    try:
        lines = queries.trail(_sites(request), wanted, before=before, after=after, size=PAGE + 1, kept_from=kept_from)
    except (LookupError, ValueError) as error:
        raise Http404("No such kind of record.") from error
    is_more = len(lines) > PAGE
    lines = lines[-PAGE:] if after is not None else lines[:PAGE]
    # Whoever came from a newer page can go back to it, and the other way round.
    has_newer, has_older = (is_more, True) if after is not None else (before is not None, is_more)
    page = {
        "lines": lines,
        "asked": wanted,
        "hidden": [about.study_id for about in kept_from.values()],
        "kinds": [(model._meta.label, model._meta.verbose_name) for model in audited_models()],
        "newer": address(wanted, after=lines[0].entry_id) if lines and has_newer else "",
        "older": address(wanted, before=lines[-1].entry_id) if lines and has_older else "",
        "newest": address(wanted),
    }
    return render(request, "audit/trail.html", page)


def wanted_of(request: HttpRequest) -> Wanted:
    """The filter of an address; a day that cannot be read is left out."""
    asked = {name: request.GET.get(name, "").strip() for name in ("actor", "record", "participant", "from", "to")}
    return Wanted(asked["actor"], asked["record"], asked["participant"], day(asked["from"]), day(asked["to"]))


def day(text: str) -> date | None:
    """A day in ISO form, or None."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def number(request: HttpRequest, name: str) -> int | None:
    """A number of an entry in the address, or None."""
    text = request.GET.get(name, "")
    return int(text) if text.isdecimal() and len(text) <= LONGEST_NUMBER else None


def address(wanted: Wanted, **place: int) -> str:
    """The query of the trail's address for a filter and a place in it."""
    given = {
        "actor": wanted.actor,
        "record": wanted.label,
        "participant": wanted.study_id,
        "from": wanted.first_day,
        "to": wanted.last_day,
        **place,
    }
    return "?" + urlencode({name: str(value) for name, value in given.items() if value})


@require_safe
@requires("history.read")
def history(request: HttpRequest, label: str, row_id: str) -> HttpResponse:
    """Everything that happened to one record, at the sites where the reader may read records of its kind."""
    user: Any = request.user
    sites = sites_permitting(user, "audit.read") | sites_permitting(user, reading(label))
    try:
        # Rows of no site, such as accounts and tokens, are for whoever reads the trail.
        lines = queries.history(label, row_id, sites) if sites else []
    except (LookupError, ValueError):
        lines = []
    if not lines:
        raise Http404("No such record.")
    if is_unblinding(label):
        # A row that names no participant, such as a message of a query, may be about any of them.
        for about in blinded_to(user).values():
            if lines[0].about in ("", about.study_id):
                raise Hidden(about)
    frame = {
        "lines": lines,
        "table": lines[0].table,
        "may_audit": may(user, "audit.read"),
        "study_id": lines[0].about if may(user, "participants.read") else "",
    }
    return render(request, "audit/history.html", frame)


def reading(label: str) -> str:
    """The action of reading the records of a model, by its app; the trail's own for accounts and the like."""
    action = f"{label.partition('.')[0]}.read"
    return action if action in CLINICAL_READING else "audit.read"


def _sites(request: HttpRequest) -> frozenset[UUID]:
    """The sites that requires() left on the request."""
    return cast("frozenset[UUID]", request.sites)  # type: ignore[attr-defined]
