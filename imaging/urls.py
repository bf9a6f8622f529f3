"""Addresses of this app."""

from __future__ import annotations

from django.urls import path

from imaging.views import imports, sessions

app_name = "imaging"
urlpatterns = [
    path("", sessions.sessions, name="sessions"),
    path("import/", imports.connectivity, name="import"),
    path("<str:study_id>/panel/", sessions.panel, name="panel"),
    path("<str:study_id>/new/", sessions.record, name="record"),
    path("<str:study_id>/<slug:timepoint>/", sessions.session, name="session"),
    path("<str:study_id>/<slug:timepoint>/correct/", sessions.correct, name="correct"),
    path("<str:study_id>/<slug:timepoint>/usability/", sessions.usability, name="usability"),
    path("<str:study_id>/<slug:timepoint>/volumes/", imports.volumes, name="volumes"),
]
