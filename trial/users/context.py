"""What the frame around every page shows: mode of the site, roles, and the menu the roles allow."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from trial.permissions import may

MENU = (
    ("today.read", "participants:today", "Today"),
    ("participants.read", "participants:list", "Participants"),
    ("safety.read", "safety:board", "Safety"),
    ("queries.read", "monitoring:list", "Queries"),
    ("imaging.read", "imaging:sessions", "Imaging"),
    ("reports.read", "reports:list", "Reports"),
    ("protocol.read", "records:protocol", "Protocol"),
    ("audit.read", "audit:trail", "Audit trail"),
    ("accounts.read", "users:accounts", "Accounts"),
)


def site_frame(request: HttpRequest) -> dict[str, Any]:
    """Give templates the site's mode and the menu of the signed-in account."""
    user: Any = getattr(request, "user", None)
    menu = []
    if user is not None and user.is_authenticated:
        menu = [{"url": url, "label": label} for action, url, label in MENU if may(user, action)]
    return {"site_mode": settings.SITE_MODE, "menu": menu}
