"""What every clinical record shares."""

from __future__ import annotations

from django.apps import AppConfig


class RecordsConfig(AppConfig):
    name = "trial.records"
    label = "records"
