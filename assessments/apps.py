"""Rating scales and the visits they are due at."""

from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig


class AssessmentsConfig(AppConfig):
    name = "assessments"
    label = "assessments"

    def ready(self) -> None:
        """Answer who asks for a score at entry, for the scales missing at visits, and for who is kept from whom."""
        from assessments.queries import entry_total, missing_at, same_rating
        from assessments.raters.queries import blinded_to
        from trial.blinding import grounded_on
        from trial.records.events import provides

        import_module("assessments.handlers")
        provides("assessments.entry_total")(entry_total)
        provides("assessments.missing_at")(missing_at)
        provides("assessments.same_rating")(same_rating)
        grounded_on(blinded_to)
