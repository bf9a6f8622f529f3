"""Checks at start-up: every table about a participant is closed by locks or excepted with a reason."""

from __future__ import annotations

from typing import Any

from django.core import checks

from trial.locks import registry


def register_checks() -> None:
    """Register the checks of this module with Django."""
    checks.register(check_registry, checks.Tags.models)


def check_registry(app_configs: Any = None, **_: Any) -> list[checks.CheckMessage]:
    """Every table that locks close says whose row it is."""
    return [
        checks.Error(
            f"{label} is closed by locks but names no participant.",
            hint="Give it a participant, or add it to NEVER_LOCKED with a reason, in trial/locks/registry.py.",
            id="locks.E001",
        )
        for label in registry.homeless_models()
    ]
