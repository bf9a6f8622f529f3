"""Monitoring: questions about the data, verification against the source, review of the audit trail."""

from __future__ import annotations

from django.apps import AppConfig


class MonitoringConfig(AppConfig):
    name = "trial.monitoring"
    label = "monitoring"

    def ready(self) -> None:
        """Register what monitoring does about events, and what it answers."""
        from trial.monitoring import handlers  # noqa: F401
