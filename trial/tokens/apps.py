"""Personal access tokens: a programme acts as the person who made it, within scopes and until a day."""

from __future__ import annotations

from django.apps import AppConfig


class TokensConfig(AppConfig):
    name = "trial.tokens"
    label = "tokens"
