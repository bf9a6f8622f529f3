"""The treatment: clonidine, infusion, vital signs, side effects, serum levels."""

from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig


class InfusionConfig(AppConfig):
    name = "infusion"
    label = "infusion"

    def ready(self) -> None:
        """Register what this app answers and listens to."""
        import_module("infusion.handlers")
