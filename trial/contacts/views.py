"""Contact details on the screen: shown to the roles that call, and to others for an hour with a reason."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from trial.contacts import queries, services
from trial.contacts.conflicts import OpenedDetails, state_of
from trial.contacts.forms import BreakGlassForm, DetailsForm, EraseForm, ReviewForm, SearchForm
from trial.contacts.models import BreakGlass, Contact
from trial.participants.access import for_participant, sites_of
from trial.participants.forms import attempt
from trial.participants.models import Participant
from trial.permissions import may, requires
from trial.records.saving import status_of, to_show
from trial.users.posting import FORM, posted


@sensitive_post_parameters()
@require_http_methods(FORM)
@requires("contacts.read")
def search(request: HttpRequest) -> HttpResponse:
    """Find a participant by a name or a number: somebody calls and does not know the study id."""
    form = SearchForm(posted(request))
    found = queries.find(sites_of(request), form.cleaned_data["asked"]) if form.is_valid() else None
    return render(request, "contacts/search.html", {"form": form, "found": found}, status=status_of(form))


@require_safe
@requires("contacts.open")
@for_participant
def contact(request: HttpRequest, participant: Participant) -> HttpResponse:
    """Show how to reach a participant; whose role does not call is led to break the glass."""
    user: Any = request.user
    access = None
    if not may(user, "contacts.read", participant.site_id):
        access = queries.open_access(user, participant, timezone.now())
        if access is None:
            return redirect("contacts:break_glass", participant.study_id)
    kept = queries.contact_of(participant)
    frame = {
        "participant": participant,
        "contact": kept,
        "details": queries.details_of(kept) if kept else None,
        "access": access,
        "may_record": may(user, "contacts.record", participant.site_id),
        "may_erase": may(user, "contacts.erase", participant.site_id),
        "may_audit": may(user, "audit.read", participant.site_id),
    }
    return render(request, "contacts/contact.html", frame)


@sensitive_post_parameters()
@require_http_methods(FORM)
@requires("contacts.record")
@for_participant
def edit(request: HttpRequest, participant: Participant) -> HttpResponse:
    """Record how to reach a participant, or change it with a reason."""
    kept = queries.contact_of(participant)
    form = form_of(kept, posted(request))
    about = OpenedDetails(lambda: queries.contact_of(participant), form_of)
    if request.method == "POST" and attempt(form, lambda: _save(request, participant, kept, form), about):
        messages.success(request, "The contact details are saved, encrypted.")
        return redirect("contacts:contact", participant.study_id)
    frame = {"participant": participant, "form": to_show(form), "title": "Contact details", "submit": "Save"}
    frame["is_private"] = True
    frame["cancel"] = reverse("contacts:contact", args=[participant.study_id])
    return render(request, "contacts/form.html", frame, status=status_of(form))


def form_of(kept: Contact | None, data: Any = None) -> DetailsForm:
    """The form that shows what is kept, or an empty one; raises KeyMissing where no key opens it.

    What is sent of an empty form stays a first entry, also where somebody else has made one meanwhile.
    """
    if kept is None or (data is not None and not data.get("version")):
        return DetailsForm(data, is_correction=False)
    known = {**asdict(queries.details_of(kept)), "version": kept.version, "opened": state_of(kept)}
    return DetailsForm(data, is_correction=True, initial=known)


def _save(request: HttpRequest, participant: Participant, kept: Contact | None, form: DetailsForm) -> None:
    actor: Any = request.user
    given = form.cleaned_data
    if kept is None or not form.is_correction:
        services.record_contact(actor, participant, form.details(), key=given["key"])
        return
    version, reason = given["version"] or 0, given["reason"]
    services.correct_contact(actor, kept, form.details(), version=version, reason=reason)


@require_http_methods(FORM)
@requires("contacts.open")
@for_participant
def break_glass(request: HttpRequest, participant: Participant) -> HttpResponse:
    """Open the contact details for an hour, with a reason that is reviewed afterwards."""
    form = BreakGlassForm(posted(request))

    def write() -> None:
        services.break_glass(request.user, participant, reason=form.cleaned_data["need"], key=form.cleaned_data["key"])  # type: ignore[arg-type]

    if request.method == "POST" and attempt(form, write):
        return redirect("contacts:contact", participant.study_id)
    frame = {
        "participant": participant,
        "form": form,
        "title": "Open the contact details",
        "submit": "Open for an hour",
    }
    frame["intro"] = (
        "Your role does not call participants. You can open the details now for a reason, such as an emergency at "
        "the bedside. The principal investigator and the data manager see at once that you did, and review it."
    )
    frame["cancel"] = reverse("participants:detail", args=[participant.study_id])
    return render(request, "contacts/form.html", frame, status=status_of(form))


@require_http_methods(FORM)
@requires("contacts.erase")
@for_participant
def erase(request: HttpRequest, participant: Participant) -> HttpResponse:
    """Erase the contact details for good."""
    kept = queries.contact_of(participant)
    if kept is None or kept.erased_at is not None:
        raise Http404("There are no contact details.")
    form = EraseForm(posted(request), confirmed_by=participant.study_id, initial={"version": kept.version})

    def write() -> None:
        version, reason = form.cleaned_data["version"], form.cleaned_data["reason"]
        services.erase_contact(request.user, kept, version=version, reason=reason)  # type: ignore[arg-type]

    if request.method == "POST" and attempt(form, write):
        messages.success(request, "The contact details are erased: their key is destroyed.")
        return redirect("contacts:contact", participant.study_id)
    frame = {"participant": participant, "form": form, "title": "Erase the contact details", "submit": "Erase for good"}
    frame["intro"] = "Name, numbers and addresses can never be read again here. Clinical data stay under the study id."
    frame["cancel"] = reverse("contacts:contact", args=[participant.study_id])
    return render(request, "contacts/form.html", frame, status=status_of(form))


@require_safe
@requires("contacts.review")
def accesses(request: HttpRequest) -> HttpResponse:
    """List every break-glass access at one's sites, those not reviewed first."""
    return render(request, "contacts/accesses.html", {"accesses": queries.accesses_at(sites_of(request))})


@require_safe
@requires("contacts.review")
def open_accesses(request: HttpRequest) -> HttpResponse:
    """The accesses that nobody reviewed, as a fragment of the Today page."""
    return render(request, "contacts/_open.html", {"accesses": queries.unreviewed_at(sites_of(request))})


@require_http_methods(FORM)
@requires("contacts.review")
def review(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Review a break-glass access."""
    access = queries.access_at(sites_of(request), pk)
    form = ReviewForm(posted(request))
    with timezone.override(access.participant.site.zone):
        if request.method == "POST" and attempt(form, lambda: _review(request, access, form)):
            messages.success(request, "The access is reviewed.")
            return redirect("contacts:accesses")
        frame = {"access": access, "form": form, "is_own": access.entered_by_id == request.user.pk}
        return render(request, "contacts/review.html", frame, status=status_of(form))


def _review(request: HttpRequest, access: BreakGlass, form: ReviewForm) -> None:
    services.review_access(request.user, access, review=form.cleaned_data["review"])  # type: ignore[arg-type]
