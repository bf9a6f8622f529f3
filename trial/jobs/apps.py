"""Background work: a job is a row first."""

from __future__ import annotations

from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "trial.jobs"
    label = "jobs"
