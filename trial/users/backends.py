"""Who may sign in."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.backends import ModelBackend

DEMO_DOMAIN = "@demo.invalid"


class AccountBackend(ModelBackend):
    """User name and password of an active account."""

    def user_can_authenticate(self, user: Any) -> bool:
        """Refuse closed accounts, and the demo's, whose password everybody may read, outside a demonstration."""
        is_demo = user.email.endswith(DEMO_DOMAIN)
        return super().user_can_authenticate(user) and (settings.SITE_MODE == "demo" or not is_demo)
