"""Deviations reported by hand, and closed with what was done."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from trial.blinding import keep_from
from trial.participants.access import for_participant, sites_of
from trial.participants.forms import attempt
from trial.participants.models import Participant
from trial.permissions import requires
from trial.records.conflicts import opened
from trial.safety import queries, services
from trial.safety.blinding import is_hidden
from trial.safety.forms import CorrectionForm, DeviationForm
from trial.safety.models import Deviation
from trial.safety.views.frame import form_page
from trial.users.posting import FORM, posted

WORDS = ("root_cause", "correction", "prevention")


@requires("safety.record")
@require_http_methods(FORM)
@for_participant
def deviation(request: HttpRequest, participant: Participant) -> HttpResponse:
    """Report a deviation by hand."""
    form = DeviationForm(posted(request))

    def write() -> None:
        given = {"participant": participant, "is_automatic": False, **form.cleaned_data}
        services.record_deviation(request.user, **given)  # type: ignore[arg-type]

    if request.method == "POST" and attempt(form, write):
        messages.success(request, "The deviation is recorded.")
        return redirect("participants:detail", participant.study_id)
    return form_page(request, participant, form, title="Report a deviation", submit="Record the deviation")


@requires("safety.close")
@require_http_methods(FORM)
def close(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Close a deviation with its cause and what was done, and those that repeat it where that is asked."""
    found = queries.get_row(Deviation, sites_of(request), pk)
    if is_hidden(request.user, found):
        keep_from(request.user, found.participant_id)
    repeats = queries.repeats_of(found) if found.closed_at is None else []

    def show(row: Deviation, data: Any = None) -> CorrectionForm:
        shown = {name: getattr(row, name) for name in ("version", *WORDS)}
        return CorrectionForm(data, is_important=row.is_important, repeats=len(repeats), initial=shown)

    form = show(found, posted(request))

    def write() -> None:
        words = {name: form.cleaned_data[name] for name in WORDS}
        others = repeats if form.cleaned_data.get("with_repeats") else []
        version = form.cleaned_data["version"] or 0
        services.close_group(request.user, found, others, version=version, **words)  # type: ignore[arg-type]

    with timezone.override(found.participant.site.zone):
        if request.method == "POST" and attempt(form, write, opened(found, show), by=request.user):
            messages.success(request, "The deviation is closed.")
            return redirect("safety:board")
        return form_page(request, found.participant, form, title=found.summary, submit="Close the deviation")
