"""The front page of every role, and the list of participants."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from trial.jobs.queries import sweeper_silent_since
from trial.participants import worklist
from trial.participants.access import sites_of
from trial.participants.models import Status
from trial.participants.rules import STATUS_VALUES
from trial.permissions import may, requires, sites_permitting

PER_PAGE = 50


@requires("today.read")
def today(request: HttpRequest) -> HttpResponse:
    """Show what is due, overdue and running at the account's sites."""
    user: Any = request.user
    frame: dict[str, Any] = {"sweeper_silent": sweeper_silent_since(), "sees_safety": may(user, "safety.read")}
    if sites := sites_permitting(user, "participants.read"):
        frame.update(work_at(sites))
    return render(request, "participants/today.html", frame)


def work_at(sites: frozenset[UUID]) -> dict[str, Any]:
    """The lists of the Today page."""
    now = timezone.now()
    return {
        "lists": [
            ("overdue", "Overdue", "red", lines(worklist.overdue_visits(sites, now))),
            ("due", "Due now", "yellow", lines(worklist.due_visits(sites, now))),
        ],
        "running": list(worklist.running_infusions(sites)),
    }


def lines(visits: Any) -> list[dict[str, Any]]:
    """Visits with their names, as the lists show them."""
    return [{"visit": visit, "label": worklist.label_of(visit)} for visit in visits]


@requires("participants.read")
def participants(request: HttpRequest) -> HttpResponse:
    """List the participants of the account's sites, with statuses and the next visit."""
    search, enrolment = request.GET.get("q", ""), request.GET.get("enrolment", "")
    found = worklist.participant_rows(sites_of(request), search=search, enrolment=enrolment)
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    rows = [
        {"participant": row, "badges": worklist.badges_of_row(row), "next": worklist.next_label(row)} for row in page
    ]
    choices = [(value, Status.Value(value).label) for value in STATUS_VALUES["enrolment"]]
    frame: dict[str, Any] = {"page": page, "rows": rows, "q": search, "enrolment": enrolment, "choices": choices}
    frame["may_enrol"] = may(request.user, "participants.enrol")  # type: ignore[arg-type]
    return render(request, "participants/list.html", frame)
