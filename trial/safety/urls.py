"""Addresses of the safety pages."""

from __future__ import annotations

from django.urls import path

from trial.safety import views

app_name = "safety"
urlpatterns = [
    path("", views.board, name="board"),
    path("open/", views.open_counts, name="open"),
    path("alerts/<uuid:pk>/", views.alert, name="alert"),
    path("alerts/<uuid:pk>/on-it/", views.attend, name="attend"),
    path("alerts/<uuid:pk>/acknowledge/", views.acknowledge, name="acknowledge"),
    path("deviations/<uuid:pk>/close/", views.close, name="close"),
    path("adverse-events/<uuid:pk>/", views.event, name="event"),
    path("adverse-events/<uuid:pk>/correct/", views.correct, name="correct"),
    path("adverse-events/<uuid:pk>/follow-up/", views.follow_up, name="follow_up"),
    path("adverse-events/<uuid:pk>/report/", views.report, name="report"),
    path("oversight/", views.oversight, name="oversight"),
    path("oversight/export/", views.export, name="export"),
    path("roster/", views.roster, name="roster"),
    path("roster/shifts/<uuid:pk>/", views.shift, name="shift"),
    path("roster/shifts/<uuid:pk>/cancel/", views.cancel, name="cancel"),
    path("roster/<str:code>/plan/", views.plan, name="plan"),
    path("roster/<str:code>/contact/", views.contact, name="contact"),
    path("<str:study_id>/panel/", views.panel, name="panel"),
    path("<str:study_id>/reach/", views.reach, name="reach"),
    path("<str:study_id>/adverse-event/", views.adverse_event, name="adverse_event"),
    path("<str:study_id>/deviation/", views.deviation, name="deviation"),
]
