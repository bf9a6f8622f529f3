"""Source-data verification: a participant's records by visit, and the page that marks them."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from trial.blinding import blinded_to, is_blinded, keep_from
from trial.monitoring.forms import MarkForm
from trial.monitoring.services.verification import Tick, verify
from trial.monitoring.verification import Group, changed_since, groups_of, total
from trial.participants.access import for_participant, sites_of
from trial.participants.forms import attempt
from trial.participants.models import Participant
from trial.permissions import may, requires
from trial.records.saving import status_of


@require_safe
@requires("verification.read")
def changed(request: HttpRequest) -> HttpResponse:
    """The records that were changed since they were verified."""
    return render(
        request, "monitoring/changed.html", {"records": changed_since(sites_of(request), blinded_to(request.user))}
    )


@require_safe
@requires("verification.read")
@for_participant
def overview(request: HttpRequest, participant: Participant) -> HttpResponse:
    """How much of a participant's record is verified, by visit."""
    is_kept = is_blinded(request.user, participant.pk)
    groups = groups_of(participant, is_blinded=is_kept)
    frame = {"participant": participant, "is_blinded": is_kept, "groups": groups, "total": total(groups)}
    return render(request, "monitoring/verification.html", frame)


@require_safe
@requires("verification.read")
@for_participant
def group(request: HttpRequest, participant: Participant, code: str) -> HttpResponse:
    """The records of a visit (or outside the visits), each with its fields, to be compared with the source."""
    return group_page(request, participant, group_of(request, participant, code))


def group_of(request: HttpRequest, participant: Participant, code: str) -> Group:
    """The group of a code; raises Http404, and Hidden where a rater is kept from all that it holds."""
    is_kept = is_blinded(request.user, participant.pk)
    groups = groups_of(participant, is_blinded=is_kept)
    found = next((one for one in groups if one.code == code), None)
    if found is None:
        keep_from(request.user, participant.pk)
        raise Http404("Nothing is recorded there.")
    return found


def group_page(
    request: HttpRequest, participant: Participant, found: Group, form: MarkForm | None = None
) -> HttpResponse:
    """Render a group, with its form where the account may mark."""
    user: Any = request.user
    may_mark = may(user, "verification.mark", participant.site_id)
    if form is None and may_mark:
        form = MarkForm(choices=[])
    frame = {"participant": participant, "group": found, "form": form if may_mark else None}
    return render(request, "monitoring/verify.html", frame, status=status_of(form))


@require_POST
@requires("verification.mark")
@for_participant
def mark(request: HttpRequest, participant: Participant, code: str) -> HttpResponse:
    """Mark the ticked records and fields as verified."""
    found = group_of(request, participant, code)
    form = MarkForm(request.POST, choices=request.POST.getlist("mark"))

    def write() -> None:
        rows = {one.row.pk: one.row for one in found.records}
        ticks = [Tick(rows[pk], version, field) for pk, field, version in form.chosen() if pk in rows]
        verify(request.user, participant, ticks, key=form.cleaned_data["key"])  # type: ignore[arg-type]
        messages.success(request, f"{len(ticks)} mark{'' if len(ticks) == 1 else 's'} of verification set.")

    if attempt(form, write):
        return redirect("monitoring:verification_group", participant.study_id, code)
    return group_page(request, participant, found, form)
