"""Signing in and out, the accounts of a site, and one's own password."""

from __future__ import annotations

from django.urls import include, path

from trial.users import views
from trial.users.emergency import views as emergency
from trial.users.second_factor import views as second_factor
from trial.users.sessions import views as sessions

app_name = "users"
urlpatterns = [
    path("sign-in/", views.sign_in, name="sign_in"),
    path("sign-in/code/", second_factor.code, name="code"),
    path("sign-in/emergency/", emergency.emergency, name="emergency"),
    path("emergency-access/", emergency.emergency_open, name="emergency_open"),
    path("emergency-access/<uuid:pk>/", emergency.emergency_review, name="emergency_review"),
    path("session/", sessions.session, name="session"),
    path("session/reopen/", sessions.reopen, name="reopen"),
    path("session/unsent/", sessions.held_form, name="held"),
    path("session/unsent/fields/", sessions.held_fields, name="held_fields"),
    path("sign-out/", views.sign_out, name="sign_out"),
    path("accounts/<uuid:pk>/second-factor/", second_factor.reset_second_factor, name="reset_second_factor"),
    path("accounts/", include("trial.users.accounts.urls")),
    path("", include("trial.users.delegation.urls")),
    path("account/password/", views.password, name="password"),
    path("account/second-factor/", second_factor.second_factor, name="second_factor"),
    path("account/second-factor/recovery-codes/", second_factor.recovery_codes, name="recovery_codes"),
]
