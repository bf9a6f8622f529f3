"""The work list of queries, the fragments of other pages, and the edit checks."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from trial.monitoring import queries
from trial.monitoring.models import DataQuery
from trial.monitoring.plausible import LIMITS
from trial.monitoring.queries import AGES, LISTS, Asked
from trial.monitoring.rules import CHECKS
from trial.monitoring.subjects import field_label, model_of
from trial.monitoring.views.today import waiting
from trial.participants.access import for_participant, sites_of
from trial.participants.models import Participant
from trial.participants.queries import protocol_of
from trial.permissions import may, requires

PER_PAGE = 50


@require_safe
@requires("queries.read")
def work_list(request: HttpRequest) -> HttpResponse:
    """The queries that the filter of the address asks for, the oldest first."""
    sites, asked, now = sites_of(request), Asked.of(request.GET), timezone.now()
    page = Paginator(queries.work_list(request.user, sites, asked, now), PER_PAGE).get_page(request.GET.get("page"))
    given = request.GET.copy()
    given.pop("page", None)
    frame = {
        "page": page,
        "rows": lines(page),
        "asked": asked,
        "counts": queries.counts(request.user, sites),
        "lists": LISTS,
        "states": DataQuery.State.choices,
        "ages": AGES,
        "checks": [(check.code, check.title) for check in CHECKS.values()],
        "address": given.urlencode(),
    }
    return render(request, "monitoring/list.html", frame)


def lines(rows: Any) -> list[dict[str, Any]]:
    """Queries as the lists show them: where, what about, how old, and how they stand."""
    now, found = timezone.now(), []
    for query in rows:
        visit = query.visit
        model = model_of(query.subject_table)
        found.append(
            {
                "query": query,
                "visit": protocol_of(query.participant).visits[visit.code].label if visit else "",
                "about": str(model._meta.verbose_name),
                "field": field_label(model, query.field),
                "age": queries.age_in_days(query, now),
                "check": CHECKS[query.check_code].title if query.check_code in CHECKS else query.check_code,
            }
        )
    return found


@require_safe
@requires("queries.read")
def today(request: HttpRequest) -> HttpResponse:
    """What waits for the account, as a fragment of the Today page."""

    return render(request, "monitoring/_today.html", {"waiting": waiting(request.user)})


@require_safe
@requires("queries.read")
@for_participant
def panel(request: HttpRequest, participant: Participant) -> HttpResponse:
    """One participant's queries, as a fragment."""
    user: Any = request.user
    rows = lines(queries.of_participant(user, participant))
    is_open = [row for row in rows if row["query"].state != DataQuery.State.CLOSED]
    frame = {
        "participant": participant,
        "rows": is_open,
        "closed": len(rows) - len(is_open),
        "may_raise": may(user, "queries.raise", participant.site_id),
        "sees_verification": may(user, "verification.read", participant.site_id),
    }
    return render(request, "monitoring/_panel.html", frame)


@require_safe
@requires("queries.read")
def checks(request: HttpRequest) -> HttpResponse:
    """The edit checks: what each reads, when it fires, and the usual ranges that wait for confirmation."""
    ranges = [
        (str(model_of(table)._meta.verbose_name), limit)
        for table, limits in LIMITS.items()
        for limit in limits.values()
    ]
    return render(request, "monitoring/checks.html", {"checks": CHECKS.values(), "ranges": ranges})
