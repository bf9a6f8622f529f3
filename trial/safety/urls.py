"""Addresses of the safety pages."""

from __future__ import annotations

from django.urls import path

from trial.safety import views

app_name = "safety"
urlpatterns = [
    path("", views.board, name="board"),
    path("open/", views.open_counts, name="open"),
    path("alerts/<uuid:pk>/", views.alert, name="alert"),
    path("alerts/<uuid:pk>/acknowledge/", views.acknowledge, name="acknowledge"),
    path("deviations/<uuid:pk>/close/", views.close, name="close"),
    path("adverse-events/<uuid:pk>/", views.correct, name="correct"),
    path("<str:study_id>/panel/", views.panel, name="panel"),
    path("<str:study_id>/adverse-event/", views.adverse_event, name="adverse_event"),
    path("<str:study_id>/deviation/", views.deviation, name="deviation"),
]
