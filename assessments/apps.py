"""Rating scales and the visits they are due at."""

from __future__ import annotations

from django.apps import AppConfig


class AssessmentsConfig(AppConfig):
    name = "assessments"
    label = "assessments"

    def ready(self) -> None:
        """Answer who asks for a participant's score at entry, and for the scales missing at visits."""
        from assessments.queries import entry_total, missing_at
        from trial.records.events import provides

        provides("assessments.entry_total")(entry_total)
        provides("assessments.missing_at")(missing_at)
