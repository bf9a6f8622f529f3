"""Signing in and out, and one's own password."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login, logout, update_session_auth_hash
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from trial.permissions import PermittedRequest, requires
from trial.users import services
from trial.users.forms import PasswordForm, SignInForm
from trial.users.models import User
from trial.users.posting import FORM, posted
from trial.users.second_factor import half
from trial.users.second_factor.queries import has_device
from trial.users.sessions import duties
from trial.users.sessions.actions import always
from trial.users.sessions.held import next_page, page_asked_for, unsent


@login_not_required
@require_http_methods(FORM)
def sign_in(request: HttpRequest) -> HttpResponse:
    """Show the sign-in form, or sign in and go on to the page asked for."""
    form = SignInForm(request, posted(request))
    if request.method == "POST" and form.is_valid():
        user = form.get_user()
        if isinstance(user, User) and has_device(user):
            half.remember(request, user)
            return redirect("users:code")
        if isinstance(user, User):
            login(request, user)
        return redirect(next_page(request))
    frame = {
        "form": form,
        "next": page_asked_for(request),
        "is_form_held": unsent(request) is not None,
        "lock_minutes": -(-settings.SIGN_IN_LOCK_SECONDS // 60),
    }
    return render(request, "users/sign_in.html", frame, status=200 if request.method != "POST" else 422)


@always
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session."""
    logout(request)
    return redirect(settings.LOGOUT_REDIRECT_URL)


@requires("account.own")
@require_http_methods(FORM)
def password(request: PermittedRequest) -> HttpResponse:
    """Change one's own password; other sessions of the account end, this one goes on."""
    form = PasswordForm(request.user, posted(request))
    if request.method == "POST" and form.is_valid():
        services.change_password(request.user, request.user, form.cleaned_data["new_password1"])
        update_session_auth_hash(request, request.user)
        duties.done(request.session, duties.PASSWORD)
        messages.success(request, "Your password is changed.")
        return redirect(settings.LOGIN_REDIRECT_URL)
    frame = {"form": form, "is_aged": duties.is_aged(request.user), "max_age_days": settings.PASSWORD_MAX_AGE_DAYS}
    return render(request, "users/password.html", frame, status=422 if form.errors else 200)
