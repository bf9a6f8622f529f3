"""Addresses of the locks."""

from __future__ import annotations

from django.urls import path

from trial.locks import views

app_name = "locks"
urlpatterns = [
    path("", views.matrix, name="matrix"),
    path("waiting/", views.waiting, name="waiting"),
    path("freeze/", views.freeze, name="freeze"),
    path("freeze/unlock/", views.unlock, {"kind": "trial"}, name="lift"),
    path("requests/<int:pk>/", views.request_page, name="request"),
    path("requests/<int:pk>/allow/", views.allow, name="allow"),
    path("requests/<int:pk>/refuse/", views.refuse, name="refuse"),
    path("<str:study_id>/panel/", views.panel, name="panel"),
    path("<str:study_id>/lock/", views.lock, {"kind": "participant"}, name="lock"),
    path("<str:study_id>/unlock/", views.unlock, {"kind": "participant"}, name="unlock"),
    path("<str:study_id>/<slug:code>/panel/", views.panel, name="visit_panel"),
    path("<str:study_id>/<slug:code>/lock/", views.lock, {"kind": "visit"}, name="lock_visit"),
    path("<str:study_id>/<slug:code>/unlock/", views.unlock, {"kind": "visit"}, name="unlock_visit"),
]
