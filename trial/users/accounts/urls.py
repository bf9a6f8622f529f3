"""Addresses of a site's accounts, within those of the users."""

from __future__ import annotations

from django.urls import path

from trial.users.accounts import views

urlpatterns = [
    path("", views.accounts, name="accounts"),
    path("open/", views.open_account, name="open_account"),
    path("roles/<uuid:pk>/end/", views.end_role, name="end_role"),
    path("<uuid:pk>/", views.account, name="account"),
    path("<uuid:pk>/role/", views.give_role, name="give_role"),
    path("<uuid:pk>/close/", views.close_account, name="close_account"),
    path("<uuid:pk>/reopen/", views.reopen_account, name="reopen_account"),
]
