"""Accounts, roles per site, sign-in."""

from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig


class UsersConfig(AppConfig):
    name = "trial.users"
    label = "users"

    def ready(self) -> None:
        """Listen to people signing in and out."""
        import_module("trial.users.signing")
