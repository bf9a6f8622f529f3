"""What the frame around every page shows: mode of the site, roles, and the menu the roles allow."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from trial.permissions import may
from trial.users.sessions import held, marks

MENU = (
    ("today.read", "participants:today", "Today"),
    ("participants.read", "participants:list", "Participants"),
    ("safety.read", "safety:board", "Safety"),
    ("queries.read", "monitoring:list", "Queries"),
    ("imaging.read", "imaging:sessions", "Imaging"),
    ("reports.read", "reports:list", "Reports"),
)
# What is looked at from time to time stands behind one entry, or the menu would not fit.
MENU_OF_THE_TRIAL = (
    ("locks.lock", "locks:matrix", "Locks"),
    ("protocol.read", "records:protocol", "Protocol"),
    ("audit.read", "audit:trail", "Audit trail"),
    ("delegation.read", "users:delegation", "Delegation"),
    ("accounts.read", "users:accounts", "Accounts"),
)


def site_frame(request: HttpRequest) -> dict[str, Any]:
    """Give templates the site's mode and the menu of the signed-in account."""
    user: Any = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"site_mode": settings.SITE_MODE, "menu": [], "trial_menu": []}
    menu, trial_menu = (
        [{"url": url, "label": label} for action, url, label in entries if may(user, action)]
        for entries in (MENU, MENU_OF_THE_TRIAL)
    )
    # An answer made before the session was read, or outside any, has none.
    session = getattr(request, "session", {})
    kept = session.get(held.HELD) or {}
    return {
        "site_mode": settings.SITE_MODE,
        "menu": menu,
        "trial_menu": trial_menu,
        "session_left": int(marks.seconds_left(session)) if session else 0,
        "session_step": marks.step(),
        "has_unsent_form": kept.get("page") == request.path,
    }
