"""The pages of a site's accounts: each view permits, validates, serves and renders."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from trial.permissions import PermittedRequest, Role, may, requires, sites_permitting
from trial.users.accounts import queries, services
from trial.users.accounts.forms import OpenForm, PlainForm, ReasonForm, ReopenForm, RoleForm
from trial.users.accounts.queries import STATES, AccountFilter
from trial.users.delegation.rules import DELEGATED
from trial.users.models import ROLE_LABELS
from trial.users.posting import FORM, posted
from trial.users.refusals import attempt


@requires("accounts.read")
@require_safe
def accounts(request: PermittedRequest) -> HttpResponse:
    """List who may do what at one's sites, since when and until when."""
    asked = AccountFilter.of(request.GET)
    frame = {
        "accounts": queries.accounts_at(request.sites, asked),
        "asked": asked,
        "roles": [(role.value, ROLE_LABELS[role]) for role in Role],
        "states": STATES.items(),
        "may_manage": may(request.user, "accounts.manage"),
        "may_audit": may(request.user, "audit.read"),
        "may_reset": may(request.user, "second_factor.reset"),
    }
    return render(request, "users/accounts.html", frame)


@requires("accounts.read")
@require_safe
def account(request: PermittedRequest, pk: UUID) -> HttpResponse:
    """Show one account: its roles, the lines of the delegation log, its training."""
    found = queries.get_account(request.sites, pk)
    frame = {
        "account": found,
        "lines": found.user.delegations.filter(site_id__in=request.sites).select_related("site", "delegated_by"),
        "trainings": found.user.trainings.filter(site_id__in=request.sites, withdrawn_at=None).order_by("trained_on"),
        "managing": sites_permitting(request.user, "accounts.manage"),
        "is_own": found.user == request.user,
        "may_audit": may(request.user, "audit.read"),
    }
    return render(request, "users/account.html", frame)


@requires("accounts.manage")
@require_http_methods(FORM)
def open_account(request: PermittedRequest) -> HttpResponse:
    """Open an account of one person with a first role."""
    form = OpenForm(posted(request), sites=request.sites)
    if request.method == "POST" and attempt(form, lambda: services.open_account(request.user, **form.values())):
        messages.success(request, f"The account of {form.cleaned_data['full_name']} is open. {next_step(form)}")
        return redirect("users:accounts")
    return form_page(request, form, title="Open an account", submit="Open the account")


@requires("accounts.manage")
@require_http_methods(FORM)
def give_role(request: PermittedRequest, pk: UUID) -> HttpResponse:
    """Give an account a role from a day to a day."""
    user = queries.get_account(request.sites, pk).user
    form = RoleForm(posted(request), sites=request.sites)
    if request.method == "POST" and attempt(form, lambda: services.give_role(request.user, user=user, **form.values())):
        messages.success(request, f"{user.full_name} has the role. {next_step(form)}")
        return redirect("users:account", pk)
    return form_page(request, form, title=f"Give {user.full_name} a role", submit="Give the role", pk=pk)


@requires("accounts.manage")
@require_http_methods(FORM)
def end_role(request: PermittedRequest, pk: UUID) -> HttpResponse:
    """End a role at once, with a reason."""
    row = queries.get_assignment(request.sites, pk)
    form = ReasonForm(posted(request))
    if request.method == "POST" and attempt(
        form, lambda: services.end_role(request.user, row, reason=form.cleaned_data["reason"])
    ):
        messages.success(request, f"{row.user.full_name} has the role no more.")
        return redirect("users:account", row.user_id)
    title = f"End the role {row.get_role_display()} of {row.user.full_name} at {row.site.code}"
    intro = "It allows nothing from the moment you end it. What was done in it stays."
    return form_page(request, form, title=title, submit="End the role", pk=row.user_id, intro=intro)


@requires("accounts.manage")
@require_http_methods(FORM)
def close_account(request: PermittedRequest, pk: UUID) -> HttpResponse:
    """Close an account, with a reason; its sessions end at once."""
    user = queries.get_account(request.sites, pk).user
    form = ReasonForm(posted(request))
    if request.method == "POST" and attempt(
        form, lambda: services.close_account(request.user, user, reason=form.cleaned_data["reason"])
    ):
        messages.success(request, f"The account of {user.full_name} is closed.")
        return redirect("users:account", pk)
    intro = "Nobody signs in with it any more, and open sessions end at once. All that was recorded under it stays."
    title = f"Close the account of {user.full_name}"
    return form_page(request, form, title=title, submit="Close the account", pk=pk, intro=intro)


@requires("accounts.manage")
@require_http_methods(FORM)
def reopen_account(request: PermittedRequest, pk: UUID) -> HttpResponse:
    """Reopen the closed account of the same person with a new first password."""
    user = queries.get_account(request.sites, pk).user
    form = ReopenForm(posted(request))
    if request.method == "POST" and attempt(
        form, lambda: services.reopen_account(request.user, user, **form.cleaned_data)
    ):
        messages.success(request, f"The account of {user.full_name} is open again.")
        return redirect("users:account", pk)
    intro = "For the same person only: an account is never given to another one."
    title = f"Reopen the account of {user.full_name}"
    return form_page(request, form, title=title, submit="Reopen the account", pk=pk, intro=intro)


def next_step(form: RoleForm) -> str:
    """What is still to be done before the role allows anything."""
    if form.values()["role"] not in DELEGATED:
        return ""
    pi = form.cleaned_data["site"].pi_names
    return f"It allows nothing until the PI{f' ({pi})' if pi else ''} delegates the duties in the delegation log."


def form_page(
    request: PermittedRequest, form: PlainForm, *, title: str, submit: str, pk: UUID | None = None, intro: str = ""
) -> HttpResponse:
    """Render one form about accounts."""
    frame: dict[str, Any] = {"form": form, "title": title, "submit": submit, "intro": intro}
    frame["cancel"] = reverse("users:account", args=[pk]) if pk else reverse("users:accounts")
    frame["way_back"] = [(reverse("users:accounts"), "Accounts")]
    return render(request, "users/form.html", frame, status=422 if form.errors else 200)
