"""Background work: a job is a row first."""

from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "trial.jobs"
    label = "jobs"

    def ready(self) -> None:
        # Without it a process would send tasks through Celery's default application, to a broker that is not ours.
        import_module("trial.celery")
