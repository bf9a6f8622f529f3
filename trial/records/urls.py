"""The protocol's page, drafts, and the site's health."""

from __future__ import annotations

from django.urls import path

from trial.records import views

app_name = "records"
urlpatterns = [
    path("protocol/", views.protocol_page, name="protocol"),
    path("draft/", views.draft, name="draft"),
    path("healthz", views.health, name="health"),
]
