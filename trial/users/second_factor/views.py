"""The second step of signing in, setting up one's second factor, and resetting somebody else's."""

from __future__ import annotations

from base64 import b32encode
from uuid import UUID

import segno
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from trial.permissions import PermittedRequest, requires
from trial.users.accounts.queries import get_account
from trial.users.posting import FORM, posted
from trial.users.second_factor import half, queries, services
from trial.users.second_factor.forms import CodeForm, ResetForm
from trial.users.sessions import duties, held

WRONG = "This code is not right, was used before, or came too soon after a wrong one. Wait for the app's next code."


@sensitive_post_parameters("code")
@login_not_required
@require_http_methods(FORM)
def code(request: HttpRequest) -> HttpResponse:
    """Ask for the code after the password, and sign in."""
    user = half.half_signed_in(request)
    if user is None:
        return redirect("users:sign_in")
    form = CodeForm(posted(request))
    if request.method == "POST" and form.is_valid():
        if services.is_right(user, form.cleaned_data["code"]):
            wanted = half.take_next(request)
            login(request, user, backend="trial.users.backends.AccountBackend")
            return redirect("users:held" if held.unsent(request) else wanted)
        form.add_error("code", WRONG)
    return render(request, "users/code.html", {"form": form}, status=422 if form.errors else 200)


@requires("account.own")
@require_http_methods(FORM)
def second_factor(request: PermittedRequest) -> HttpResponse:
    """Show one's second factor, or set it up with a code of the app."""
    if queries.has_device(request.user):
        frame = {"form": CodeForm(), "left": queries.recovery_codes_left(request.user)}
        return render(request, "users/second_factor.html", frame)
    form = CodeForm(posted(request))
    if request.method == "POST" and form.is_valid():
        if codes := services.confirm(request.user, form.cleaned_data["code"]):
            duties.done(request.session, duties.SECOND_FACTOR)
            return render(request, "users/recovery_codes.html", {"codes": codes})
        form.add_error("code", WRONG)
    device = services.begin(request.user)
    key = b32encode(device.bin_key).decode()
    frame = {
        "form": form,
        "picture": segno.make(device.config_url).svg_data_uri(scale=5, light="#fff"),
        "key": " ".join(key[start : start + 4] for start in range(0, len(key), 4)),
    }
    return render(request, "users/enrol.html", frame, status=422 if form.errors else 200)


@requires("account.own")
@require_POST
def recovery_codes(request: PermittedRequest) -> HttpResponse:
    """Make new recovery codes, for a code of the app."""
    form = CodeForm(request.POST)
    if form.is_valid() and services.is_right(request.user, form.cleaned_data["code"]):
        codes = services.new_recovery_codes(request.user)
        return render(request, "users/recovery_codes.html", {"codes": codes})
    form.add_error("code", WRONG)
    frame = {"form": form, "left": queries.recovery_codes_left(request.user)}
    return render(request, "users/second_factor.html", frame, status=422)


@requires("second_factor.reset")
@require_http_methods(FORM)
def reset_second_factor(request: PermittedRequest, pk: UUID) -> HttpResponse:
    """Take somebody's second factor away, with a reason; their sessions end."""
    account = get_account(request.sites, pk).user
    form = ResetForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            services.reset(request.user, account, **form.cleaned_data)
        except services.ResetRefused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, f"The second factor of {account.full_name} is reset; their sessions are ended.")
            return redirect("users:accounts")
    frame = {"form": form, "account": account}
    return render(request, "users/reset_second_factor.html", frame, status=422 if form.errors else 200)
