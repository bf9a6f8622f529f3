"""Addresses of this app."""

from __future__ import annotations

from django.urls import path

from infusion import views

app_name = "infusion"
urlpatterns = [
    path("downtime/", views.downtime, name="downtime"),
    path("<str:study_id>/", views.detail, name="detail"),
    path("<str:study_id>/panel/", views.panel, name="panel"),
    path("<str:study_id>/visits/<str:code>/panel/", views.visit_panel, name="visit_panel"),
    path("<str:study_id>/state/", views.state, name="state"),
    path("<str:study_id>/display/", views.display, name="display"),
    path("<str:study_id>/course/", views.course, name="course"),
    path("<str:study_id>/start/", views.start, name="start"),
    path("<str:study_id>/start/correct/", views.correct_start, name="correct_start"),
    path("<str:study_id>/end/correct/", views.correct_end, name="correct_end"),
    path("<str:study_id>/rates/<uuid:pk>/correct/", views.correct_rate, name="correct_rate"),
    path("<str:study_id>/<slug:kind>/<uuid:pk>/correct/", views.correct, name="correct"),
    path("<str:study_id>/rate/", views.rate, name="rate"),
    path("<str:study_id>/bag/", views.bag, name="bag"),
    path("<str:study_id>/stop/", views.stop, name="stop"),
    path("<str:study_id>/clonidine/", views.clonidine, name="clonidine"),
    path("<str:study_id>/vitals/", views.vitals, name="vitals"),
    path("<str:study_id>/side-effects/", views.side_effects, name="side_effects"),
    path("<str:study_id>/serum/", views.serum, name="serum"),
]
