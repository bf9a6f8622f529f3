"""Electronic signatures: who signed what, with which meaning, and whether it still stands."""

from __future__ import annotations

from django.apps import AppConfig


class SignaturesConfig(AppConfig):
    name = "trial.signatures"
    label = "signatures"
