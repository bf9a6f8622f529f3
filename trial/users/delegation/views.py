"""The delegation log, its forms, training, and a person's own page."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from trial.permissions import PermittedRequest, may, requires, sites_permitting
from trial.users.accounts.forms import PlainForm, ReasonForm
from trial.users.delegation import queries, services
from trial.users.delegation.forms import DelegationForm, TrainingForm
from trial.users.posting import FORM, posted
from trial.users.refusals import attempt


@requires("delegation.read")
@require_safe
def log(request: PermittedRequest) -> HttpResponse:
    """Show who may do what at one's sites on whose delegation, and the training of the staff."""
    frame = {
        "logs": queries.logs_at(request.sites),
        "delegating": sites_permitting(request.user, "delegation.manage"),
        "recording": sites_permitting(request.user, "training.record"),
        "may_audit": may(request.user, "audit.read"),
    }
    return render(request, "users/delegation_log.html", frame)


@requires("delegation.manage")
@require_http_methods(FORM)
def delegate(request: PermittedRequest) -> HttpResponse:
    """Delegate the duties of a role to a person."""
    asked = {"held": request.GET.get("held", "")}
    form = DelegationForm(posted(request), sites=request.sites, actor=request.user, initial=asked)
    if request.method == "POST" and attempt(form, lambda: services.delegate(request.user, **form.values())):
        messages.success(request, f"The duties are delegated to {form.cleaned_data['held'].user.full_name}.")
        return redirect("users:delegation")
    intro = "From the first day on the person can act in the role. You stay responsible for what they do in it."
    return form_page(request, form, title="Delegate duties", submit="Delegate", intro=intro)


@requires("delegation.manage")
@require_http_methods(FORM)
def confirm(request: PermittedRequest, pk: UUID) -> HttpResponse:
    """Stand behind a line that was carried over from before there was a log."""
    line = queries.get_delegation(request.sites, pk)
    form = PlainForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and attempt(form, lambda: services.confirm(request.user, line)):
        messages.success(request, f"The delegation to {line.user.full_name} is confirmed.")
        return redirect("users:delegation")
    intro = (
        f"{line.user.full_name} acts as {line.get_role_display().lower()} at {line.site.code} since "
        f"{line.starts_on:%Y-%m-%d}: {line.duties}. With your confirmation the line stands as delegated by you."
    )
    return form_page(request, form, title="Confirm a delegation", submit="Confirm", intro=intro)


@requires("delegation.manage")
@require_http_methods(FORM)
def end(request: PermittedRequest, pk: UUID) -> HttpResponse:
    """End a delegation at once, with a reason."""
    line = queries.get_delegation(request.sites, pk)
    form = ReasonForm(posted(request))
    if request.method == "POST" and attempt(
        form, lambda: services.end(request.user, line, reason=form.cleaned_data["reason"])
    ):
        messages.success(request, f"The delegation to {line.user.full_name} is ended.")
        return redirect("users:delegation")
    title = f"End the delegation to {line.user.full_name} as {line.get_role_display().lower()}"
    intro = "The role allows nothing from the moment you end it. The line stays in the log."
    return form_page(request, form, title=title, submit="End the delegation", intro=intro)


@requires("training.record")
@require_http_methods(FORM)
def training(request: PermittedRequest) -> HttpResponse:
    """Record that somebody was trained."""
    form = TrainingForm(posted(request), sites=request.sites, initial={"user": request.GET.get("user", "")})
    if request.method == "POST" and attempt(form, lambda: services.record_training(request.user, **form.cleaned_data)):
        messages.success(request, f"The training of {form.cleaned_data['user'].full_name} is recorded.")
        return redirect("users:delegation")
    return form_page(request, form, title="Record a training", submit="Record the training")


@requires("training.record")
@require_http_methods(FORM)
def withdraw_training(request: PermittedRequest, pk: UUID) -> HttpResponse:
    """Take back a training that was recorded in error."""
    row = queries.get_training(request.sites, pk)
    form = ReasonForm(posted(request))
    if request.method == "POST" and attempt(
        form, lambda: services.withdraw_training(request.user, row, reason=form.cleaned_data["reason"])
    ):
        messages.success(request, f"The training of {row.user.full_name} is withdrawn.")
        return redirect("users:delegation")
    title = f"Withdraw the training of {row.user.full_name} in {row.topic}"
    return form_page(request, form, title=title, submit="Withdraw", intro="For a training recorded in error.")


@requires("account.own")
@require_safe
def own(request: PermittedRequest) -> HttpResponse:
    """Show a person's own roles, what is delegated to them, and their training."""
    user: Any = request.user
    frame = {
        "lines": user.delegations.select_related("site", "delegated_by").order_by("starts_on"),
        "trainings": user.trainings.filter(withdrawn_at=None).select_related("site").order_by("trained_on"),
        "lacks": queries.own_lacks(user),
    }
    return render(request, "users/own.html", frame)


@requires("account.own")
@require_safe
def standing(request: PermittedRequest) -> HttpResponse:
    """What is missing before the person may act, and for a PI what waits in the log; a fragment of the Today page."""
    logs = queries.logs_at(sites_permitting(request.user, "delegation.manage"))
    return render(request, "users/_standing.html", {"lacks": queries.own_lacks(request.user), "logs": logs})


def form_page(request: PermittedRequest, form: PlainForm, *, title: str, submit: str, intro: str = "") -> HttpResponse:
    """Render one form of the log."""
    log_page = reverse("users:delegation")
    frame = {"form": form, "title": title, "submit": submit, "intro": intro, "cancel": log_page}
    frame["way_back"] = [(log_page, "Delegation log")]
    return render(request, "users/form.html", frame, status=422 if form.errors else 200)
