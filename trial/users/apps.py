"""Accounts, roles per site, sign-in."""

from __future__ import annotations

from django.apps import AppConfig


class UsersConfig(AppConfig):
    name = "trial.users"
    label = "users"
