"""The safety board, the part of it on the Today page, and a participant's panel."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from trial.blinding import blinded_to
from trial.participants.access import for_participant, sites_of
from trial.participants.models import Participant
from trial.permissions import may, requires, sites_permitting
from trial.safety import on_call, queries
from trial.safety.blinding import all_seen_by, without_hidden
from trial.safety.board import BoardFilter, grouped
from trial.safety.models import Deviation
from trial.safety.timeline import duties


@requires("safety.read")
@require_safe
def board(request: HttpRequest) -> HttpResponse:
    """Show open alerts first, then deviations and adverse events, as the filter of the address says."""
    sites, asked = sites_of(request), BoardFilter.of(request.GET)
    user: Any = request.user
    frame = {
        "asked": asked,
        "kinds": Deviation.Kind.choices,
        "hidden": [about.study_id for about in blinded_to(user).values() if about.site_id in sites],
        "alerts": all_seen_by(user, queries.board_alerts(sites, asked)),
        "deviations": grouped(without_hidden(user, queries.board_deviations(sites, asked))),
        "adverse_events": without_hidden(user, queries.board_adverse_events(sites, asked)),
        "gaps": on_call.roster_gaps(sites, timezone.now()),
        "may_oversee": may(user, "safety.oversight"),
        "acknowledging": sites_permitting(user, "safety.acknowledge"),
        "recording": sites_permitting(user, "safety.record"),
        "closing": sites_permitting(user, "safety.close"),
    }
    return render(request, "safety/board.html", frame)


@requires("safety.read")
@require_safe
def open_counts(request: HttpRequest) -> HttpResponse:
    """Open alerts and deviations, serious events to report, whom to phone, gaps of the roster: a fragment of Today."""
    sites, now = sites_of(request), timezone.now()
    alerts = all_seen_by(request.user, queries.open_alerts(sites))
    deviations = without_hidden(request.user, queries.open_deviations(sites))
    reportable = duties(without_hidden(request.user, queries.serious_events(sites)))
    frame = {
        "alerts": alerts,
        "reportable": [(duty, duty.clock.is_overdue(now)) for duty in reportable],
        "unreached": on_call.unreached(alerts, now),
        "gaps": on_call.roster_gaps(sites, now),
        "deviations": deviations.count(),
        "important": deviations.filter(is_important=True).count(),
    }
    return render(request, "safety/_open.html", frame)


@requires("safety.read")
@require_safe
@for_participant
def panel(request: HttpRequest, participant: Participant) -> HttpResponse:
    """One participant's alerts, deviations and adverse events, as a fragment."""
    user: Any = request.user
    frame = {
        "participant": participant,
        "hidden": [participant.study_id] if participant.pk in blinded_to(user) else [],
        "alerts": all_seen_by(user, queries.alerts_of(participant)),
        "deviations": grouped(without_hidden(user, queries.deviations_of(participant))),
        "adverse_events": without_hidden(user, queries.adverse_events_of(participant)),
        "may_acknowledge": may(user, "safety.acknowledge", participant.site_id),
        "may_record": may(user, "safety.record", participant.site_id),
        "may_close": may(user, "safety.close", participant.site_id),
    }
    return render(request, "safety/_panel.html", frame)
