"""Electronic signatures: who signed what, with which meaning, and whether it still stands."""

from __future__ import annotations

from django.apps import AppConfig


class SignaturesConfig(AppConfig):
    name = "trial.signatures"
    label = "signatures"

    def ready(self) -> None:
        """Answer what the apps below ask about signatures."""
        from trial.signatures import handlers  # noqa: F401
