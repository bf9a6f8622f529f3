"""Addresses of this app."""

from __future__ import annotations

from django.urls import path

from assessments import views
from assessments.interviews import views as interviews
from assessments.raters import views as raters

app_name = "assessments"
urlpatterns = [
    path("interviews/", interviews.today, name="interviews"),
    path("raters/<uuid:pk>/end/", raters.end, name="end_rater"),
    path("<str:study_id>/raters/", raters.raters, name="raters"),
    path("<str:study_id>/panel/", views.panel, name="panel"),
    path("<str:study_id>/<slug:visit_code>/panel/", views.visit_panel, name="visit_panel"),
    path("<str:study_id>/<slug:visit_code>/<slug:instrument>/", views.form, name="form"),
    path("<str:study_id>/<slug:visit_code>/<slug:instrument>/saved/", views.saved, name="saved"),
    path("<str:study_id>/<slug:visit_code>/<slug:instrument>/answers/", interviews.answers, name="answers"),
    path("<str:study_id>/<slug:visit_code>/<slug:instrument>/set-aside/", interviews.set_aside, name="set_aside"),
]
