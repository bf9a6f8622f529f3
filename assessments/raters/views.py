"""The pages of a participant's raters: assign, look, end."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from assessments.raters import queries, services
from assessments.raters.forms import EndForm, RaterForm
from trial.participants.forms.base import attempt
from trial.participants.queries import get_participant
from trial.permissions import PermittedRequest, requires
from trial.users.posting import FORM, posted


@requires("raters.assign")
@require_http_methods(FORM)
def raters(request: PermittedRequest, study_id: str) -> HttpResponse:
    """Show who is and was assigned to rate a participant, and assign somebody."""
    participant = get_participant(request.sites, study_id)
    with timezone.override(participant.site.zone):
        form = RaterForm(posted(request), participant=participant)
        if request.method == "POST" and attempt(
            form, lambda: services.assign_rater(request.user, participant, **form.values())
        ):
            messages.success(request, f"{form.cleaned_data['user'].full_name} is assigned to rate {study_id}.")
            return redirect("assessments:raters", study_id)
        frame = {"participant": participant, "form": form, "assignments": queries.assignments_of(participant)}
        return render(request, "assessments/raters.html", frame, status=422 if form.errors else 200)


@requires("raters.assign")
@require_http_methods(FORM)
def end(request: PermittedRequest, pk: UUID) -> HttpResponse:
    """End an assignment at once, with a reason."""
    row = queries.get_assignment(request.sites, pk)
    participant = row.participant
    form = EndForm(posted(request))
    if request.method == "POST" and attempt(
        form, lambda: services.end_assignment(request.user, row, reason=form.cleaned_data["reason"])
    ):
        messages.success(request, f"{row.user.full_name} is no rater of {participant.study_id} any more.")
        return redirect("assessments:raters", participant.study_id)
    frame = {"participant": participant, "form": form, "title": f"End the assignment of {row.user.full_name}"}
    frame |= {"submit": "End the assignment", "cancel": reverse("assessments:raters", args=[participant.study_id])}
    return render(request, "participants/form.html", frame, status=422 if form.errors else 200)
