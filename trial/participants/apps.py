"""Participants: consent, screening, visits, disposition."""

from __future__ import annotations

from django.apps import AppConfig


class ParticipantsConfig(AppConfig):
    name = "trial.participants"
    label = "participants"

    def ready(self) -> None:
        """Register what the visits say to a lock."""
        from trial.participants import handlers  # noqa: F401
