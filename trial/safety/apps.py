"""Safety: alerts, adverse events, deviations."""

from __future__ import annotations

from django.apps import AppConfig


class SafetyConfig(AppConfig):
    name = "trial.safety"
    label = "safety"

    def ready(self) -> None:
        """Register what safety does about events."""
        from trial.safety import handlers  # noqa: F401
