"""Safety: alerts, adverse events, deviations."""

from __future__ import annotations

from django.apps import AppConfig


class SafetyConfig(AppConfig):
    name = "trial.safety"
    label = "safety"
