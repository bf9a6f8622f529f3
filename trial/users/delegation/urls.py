"""Addresses of the delegation log, within those of the users."""

from __future__ import annotations

from django.urls import path

from trial.users.delegation import views

urlpatterns = [
    path("delegation/", views.log, name="delegation"),
    path("delegation/add/", views.delegate, name="delegate"),
    path("delegation/<uuid:pk>/confirm/", views.confirm, name="confirm_delegation"),
    path("delegation/<uuid:pk>/end/", views.end, name="end_delegation"),
    path("delegation/training/", views.training, name="training"),
    path("delegation/training/<uuid:pk>/withdraw/", views.withdraw_training, name="withdraw_training"),
    path("account/", views.own, name="own"),
    path("account/standing/", views.standing, name="standing"),
]
