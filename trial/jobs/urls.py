"""The progress of a job."""

from __future__ import annotations

from django.urls import path

from trial.jobs import views

app_name = "jobs"
urlpatterns = [path("<uuid:job_id>/progress/", views.progress, name="progress")]
