"""Rating scales and the visits they are due at."""

from __future__ import annotations

from django.apps import AppConfig


class AssessmentsConfig(AppConfig):
    name = "assessments"
    label = "assessments"

    def ready(self) -> None:
        """Answer who asks for a participant's score at entry."""
        from assessments.queries import entry_total
        from trial.records.events import provides

        provides("assessments.entry_total")(entry_total)
