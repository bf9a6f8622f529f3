"""Addresses of signing and of the signatures of a record."""

from __future__ import annotations

from django.urls import path

from trial.signatures import views

app_name = "signatures"
urlpatterns = [
    path("protocol/", views.protocol_panel, name="protocol"),
    path("<str:label>/<str:row_id>/", views.panel, name="panel"),
    path("<str:label>/<str:row_id>/sign/", views.sign, name="sign"),
]
