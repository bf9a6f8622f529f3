"""Signing in with a sealed code, and the review of it."""

from __future__ import annotations

from datetime import UTC
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from trial.permissions import PermittedRequest, may, requires
from trial.users.emergency import queries, services
from trial.users.emergency.forms import EmergencyForm, ReviewForm
from trial.users.models import EmergencyAccess
from trial.users.posting import FORM, posted
from trial.users.sessions.held import next_page

NO_MATCH = "These do not open the emergency access: name, password and code must belong together. Check all three."


@sensitive_post_parameters("password", "code")
@login_not_required
@require_http_methods(FORM)
def emergency(request: HttpRequest) -> HttpResponse:
    """Sign in with a sealed code although the name is locked; the use is alarmed and reviewed."""
    form = EmergencyForm(posted(request))
    if request.method == "POST" and form.is_valid():
        access = services.get_in(request, **form.cleaned_data)
        if access is not None:
            login(request, access.user, backend="trial.users.backends.AccountBackend")
            messages.warning(
                request, "Emergency access: PI, data manager and administrator see it until one reviews it."
            )
            return redirect(next_page(request))
        form.add_error(None, NO_MATCH)
    return render(request, "users/emergency.html", {"form": form}, status=422 if form.errors else 200)


@requires("emergency.review")
@require_safe
def emergency_open(request: PermittedRequest) -> HttpResponse:
    """The emergency sign-ins that nobody has reviewed, as a fragment of today's page."""
    return render(request, "users/_emergency_open.html", {"accesses": queries.unreviewed(request.sites)})


@requires("emergency.review")
@require_http_methods(FORM)
def emergency_review(request: PermittedRequest, pk: UUID) -> HttpResponse:
    """Show one emergency sign-in, and note what its reviewer found."""
    access = queries.get_access(request.sites, pk)
    form = ReviewForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            services.review(request.user, access, **form.cleaned_data)
        except services.ReviewRefused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, "The emergency access is reviewed.")
            return redirect("users:emergency_review", pk)
    with timezone.override(access.site.zone):
        frame = {
            "access": access,
            "form": form,
            "is_own": access.user_id == request.user.pk,
            "may_audit": may(request.user, "audit.read"),
            "entered": entered_since(access),
        }
        return render(request, "users/emergency_review.html", frame, status=422 if form.errors else 200)


def entered_since(access: EmergencyAccess) -> str:
    """The query of the trail's address for what the account entered since the sign-in; the trail counts UTC days."""
    return "?" + urlencode({"actor": access.user.username, "from": access.occurred_at.astimezone(UTC).date()})
