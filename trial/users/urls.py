"""Signing in and out, the accounts of a site, and one's own password."""

from __future__ import annotations

from django.urls import include, path

from trial.users import views

app_name = "users"
urlpatterns = [
    path("sign-in/", views.sign_in, name="sign_in"),
    path("sign-out/", views.sign_out, name="sign_out"),
    path("accounts/", include("trial.users.accounts.urls")),
    path("", include("trial.users.delegation.urls")),
    path("account/password/", views.password, name="password"),
]
