"""Addresses of the audit trail."""

from __future__ import annotations

from django.urls import path

from trial.audit import views

app_name = "audit"
urlpatterns = [
    path("", views.trail, name="trail"),
    path("<str:label>/<str:row_id>/", views.history, name="history"),
]
