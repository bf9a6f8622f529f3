"""The pages of the locks: how each visit stands, locking, and unlocking by two people."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import models
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from trial.locks import display, queries, services
from trial.locks.forms import AllowForm, LockForm, RefuseForm, UnlockForm
from trial.locks.models import LockState
from trial.locks.preview import preview_of
from trial.locks.wording import subject_of
from trial.permissions import PermittedRequest, may, requires, sites_permitting
from trial.records.services import RecordError
from trial.users.models import Site
from trial.users.posting import FORM, posted

PER_PAGE = 25
REFUSED = 422


@requires("locks.read")
@require_safe
def matrix(request: PermittedRequest) -> HttpResponse:
    """Show how every visit of every participant stands, and the freeze of the trial."""
    found = queries.participants_with_visits(request.sites)
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    frame = {
        "page": page,
        "table": display.matrix(page.object_list),
        "trial": display.line_of(queries.get_state("trial", 1), request.user),
        "waiting": display.requests(queries.waiting_requests(request.sites)),
        "late": display.late_events(request.user, sites_permitting(request.user, "safety.read")),
    }
    return render(request, "locks/matrix.html", frame)


@requires("locks.read")
@require_safe
def panel(request: PermittedRequest, study_id: str, code: str = "") -> HttpResponse:
    """How a visit, or a participant, stands, as a fragment, with what the account may do about it."""
    kind = "visit" if code else "participant"
    state = queries.find_state(request.sites, kind, study_id, code)
    with timezone.override(display.zone_of(state)):
        states = queries.states_on(display.participant_of(state), getattr(state, "visit", None))
        lines = [display.line_of(one, request.user) for one in states]
        return render(request, "locks/_panel.html", {"lines": lines})


@requires("locks.lock")
@require_http_methods(FORM)
def lock(request: PermittedRequest, kind: str, study_id: str, code: str = "") -> HttpResponse:
    """Show what stands against a lock and what should be known, and lock."""
    return locking(request, queries.find_state(request.sites, kind, study_id, code))


@requires("locks.freeze")
@require_http_methods(FORM)
def freeze(request: PermittedRequest) -> HttpResponse:
    """Freeze the trial, by somebody who holds the right at every site."""
    return locking(request, queries.get_state("trial", 1))


def locking(request: PermittedRequest, state: LockState) -> HttpResponse:
    """Take the form of a lock, or show it with what stands against it."""
    form = LockForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            kind = queries.kind_of(state)
            services.lock(request.user, kind, state.pk, reason=form.cleaned_data["reason"])
        except RecordError as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, f"{subject_of(state)} is locked.")
            return redirect(display.page_of(state))
    preview, lacking = preview_of(state), services.lacking(request.user, state, "locks.freeze")
    hindrances = [*preview.hindrances, lacking] if lacking else preview.hindrances
    frame = {"form": form, "subject": subject_of(state), "hindrances": hindrances, "warnings": preview.warnings}
    frame |= {"back": display.page_of(state), "is_freeze": queries.kind_of(state) == "trial", "state": state}
    return render(request, "locks/lock.html", frame, status=REFUSED if request.method == "POST" else 200)


@sensitive_post_parameters("username", "password")
@requires("locks.request")
@require_http_methods(FORM)
def unlock(request: PermittedRequest, kind: str, study_id: str = "", code: str = "") -> HttpResponse:
    """Ask for something to be unlocked, with a reason and a signature."""
    state = queries.find_state(request.sites, kind, study_id, code)
    form = UnlockForm(posted(request), request=request)
    if request.method == "POST" and form.is_valid():
        try:
            given = {"reason": form.cleaned_data["reason"], "confirmation": form.confirm()}
            asked = services.request_unlock(request.user, state, **given, site=site_of(request, state))
        except RecordError as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, "Asked. It opens when a second person allows it.")
            return redirect("locks:request", asked.pk)
    with timezone.override(display.zone_of(state)):
        frame = {"form": form, "line": display.line_of(state, request.user), "back": display.page_of(state)}
        return render(request, "locks/unlock.html", frame, status=REFUSED if request.method == "POST" else 200)


@requires("locks.read")
@require_safe
def request_page(request: PermittedRequest, pk: int) -> HttpResponse:
    """Show a request to unlock: of what, why, by whom, and what became of it."""
    return deciding(request, pk, status=200)


@sensitive_post_parameters("username", "password")
@require_POST
@requires("locks.allow")
def allow(request: PermittedRequest, pk: int) -> HttpResponse:
    """Open what somebody else asked to open, with a signature."""
    asked = get_object_or_404(queries.requests_at(request.sites), pk=pk)
    form = AllowForm(request.POST, request=request)
    if form.is_valid():
        try:
            site = site_of(request, asked.state)
            services.allow_unlock(request.user, asked, confirmation=form.confirm(), site=site)
        except RecordError as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, f"{subject_of(asked.state)} is unlocked. Lock it again when the work is done.")
            return redirect(display.page_of(asked.state))
    return deciding(request, pk, status=REFUSED, allow_form=form)


@require_POST
@requires("locks.allow")
def refuse(request: PermittedRequest, pk: int) -> HttpResponse:
    """Refuse a request with words; it stays locked."""
    asked = get_object_or_404(queries.requests_at(request.sites), pk=pk)
    form = RefuseForm(request.POST)
    if form.is_valid():
        try:
            services.refuse_unlock(request.user, asked, words=form.cleaned_data["words"])
        except RecordError as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, f"{subject_of(asked.state)} stays locked.")
            return redirect("locks:request", pk)
    return deciding(request, pk, status=REFUSED, refuse_form=form)


def deciding(request: PermittedRequest, pk: int, *, status: int, **forms: Any) -> HttpResponse:
    """Render a request with the forms that decide it, for whom they are."""
    asked = get_object_or_404(queries.requests_at(request.sites), pk=pk)
    decision = getattr(asked, "decision", None)
    may_decide = decision is None and may(request.user, "locks.allow", display.site_id_of(asked.state))
    frame = {"asked": asked, "subject": subject_of(asked.state), "decision": decision, "may_decide": may_decide}
    frame |= {"is_own": asked.by_id == request.user.pk, "back": display.page_of(asked.state)}
    frame |= {"signatures": display.signatures_on(asked, decision)}
    if may_decide:
        frame |= {"allow_form": AllowForm(request=request), "refuse_form": RefuseForm(), **forms}
    with timezone.override(display.zone_of(asked.state)):
        return render(request, "locks/request.html", frame, status=status)


@requires("locks.allow")
@require_safe
def waiting(request: PermittedRequest) -> HttpResponse:
    """Requests that wait for a second person, as a fragment of the Today page."""
    found = display.requests(queries.waiting_requests(request.sites))
    return render(request, "locks/_waiting.html", {"requests": found})


def site_of(request: PermittedRequest, state: LockState) -> Site:
    """The site a signature is given for: the participant's, or for the whole trial one of the signer's."""
    own = display.site_id_of(state)
    chosen: models.QuerySet[Site] = Site.objects.filter(pk__in=[own] if own else request.sites)
    return chosen.order_by("is_practice", "code")[0]
