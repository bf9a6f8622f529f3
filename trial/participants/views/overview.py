"""The front page of every role, and the list of participants."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from trial.blinding import blinded_to
from trial.jobs.queries import sweeper_silent_since
from trial.participants import worklist
from trial.participants.access import sites_of
from trial.participants.models import Participant, Status, Visit
from trial.participants.rules import STATUS_VALUES
from trial.permissions import may, requires, sites_permitting
from trial.records.events import RunningInfusion, ask
from trial.users.models import Site

PER_PAGE = 50
# What the other apps have to say to whom on this page, by the action that shows it: nothing where there is nothing.
PANELS = (
    ("safety.read", "safety:open"),
    ("emergency.review", "users:emergency_open"),
    ("account.own", "users:standing"),
    ("contacts.review", "contacts:open_accesses"),
    ("locks.allow", "locks:waiting"),
    ("queries.read", "monitoring:today"),
    ("assessments.read", "assessments:interviews"),
    ("signatures.sign", "participants:unsigned_today"),
)


@requires("today.read")
@require_safe
def today(request: HttpRequest) -> HttpResponse:
    """Show what is due, overdue and running at the account's sites."""
    user: Any = request.user
    places = Site.objects.filter(pk__in=user.roles_by_site())
    frame: dict[str, Any] = {"sweeper_silent": sweeper_silent_since(), "days": sorted({one.today for one in places})}
    frame["panels"] = [reverse(name) for action, name in PANELS if may(user, action)]
    if sites := sites_permitting(user, "participants.read"):
        frame.update(work_at(user, sites))
    return render(request, "participants/today.html", frame)


def work_at(user: Any, sites: frozenset[UUID]) -> dict[str, Any]:
    """The lists of the Today page; whoever may not read the ratings of a site has only its scans to do with."""
    now, only_scans_at = timezone.now(), sites - sites_permitting(user, "assessments.read")
    overdue = worklist.overdue_visits(sites, now, only_scans_at)
    due = worklist.due_visits(sites, now, only_scans_at)
    return {
        "lists": [
            ("overdue", "Overdue", "red", lines(overdue, now, worklist.overdue_words)),
            ("due", "Due now", "yellow", lines(due, now, worklist.due_words)),
        ],
        "running": running(user, sites),
        "only_scans": only_scans_at == sites,
    }


def lines(visits: Any, now: datetime, words: Callable[[Visit, datetime], str]) -> list[dict[str, Any]]:
    """Visits with their names and times, as the lists show them."""
    return [{"visit": visit, "label": worklist.label_of(visit), "when": words(visit, now)} for visit in visits]


def running(user: Any, sites: frozenset[UUID]) -> list[tuple[Participant, RunningInfusion | None]]:
    """Who is infused now, with how the infusion stands where the account may read that and is not kept from it."""
    infused = list(worklist.running_infusions(sites))
    readable, hidden = sites_permitting(user, "infusion.read"), blinded_to(user)
    shown = [one for one in infused if one.site_id in readable and one.pk not in hidden]
    states = ask("infusion.running", participants=shown)
    return [(one, states.get(one.pk)) for one in infused]


@requires("participants.read")
@require_safe
def participants(request: HttpRequest) -> HttpResponse:
    """List the participants of the account's sites, with statuses and the next visit."""
    search, enrolment = request.GET.get("q", ""), request.GET.get("enrolment", "")
    sort = request.GET.get("sort", "study_id")
    found = worklist.participant_rows(sites_of(request), search=search, enrolment=enrolment, sort=sort)
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    hidden = blinded_to(request.user)
    rows = [
        {
            "participant": row,
            "badges": worklist.badges_of_row(row, is_blinded=row.pk in hidden),
            "next": worklist.next_label(row),
        }
        for row in page
    ]
    choices = [(value, Status.Value(value).label) for value in STATUS_VALUES["enrolment"]]
    choices.append((worklist.NO_CONSENT, "no consent yet"))
    frame: dict[str, Any] = {"page": page, "rows": rows, "q": search, "enrolment": enrolment, "choices": choices}
    frame |= {"sort": sort, "columns": columns(sort), "sorts": worklist.SORT_CHOICES, "now": timezone.now()}
    frame["may_enrol"] = may(request.user, "participants.enrol")  # type: ignore[arg-type]
    frame["may_call"] = may(request.user, "contacts.read")  # type: ignore[arg-type]
    return render(request, "participants/list.html", frame)


def columns(sort: str) -> list[dict[str, str]]:
    """The columns of the list: each with the order its heading leads to, and how it is ordered now."""
    titles = {"study_id": "Study id", "status": "Status", "next": "Next visit"}
    ways = {name: "ascending" for name in titles if name == sort} | {
        name: "descending" for name in titles if f"-{name}" == sort
    }
    return [
        {"title": title, "to": f"-{name}" if name == sort else name, "way": ways.get(name, "")}
        for name, title in titles.items()
    ]
