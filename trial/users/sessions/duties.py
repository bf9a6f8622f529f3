"""What an account must do before anything else: change an aged or a given password, set up its second factor."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from trial.permissions import Role
from trial.users.backends import DEMO_DOMAIN
from trial.users.models import User
from trial.users.second_factor import queries
from trial.users.sessions.marks import Session

DUTIES = "duties"
PASSWORD, SECOND_FACTOR = "users:password", "users:second_factor"
NEED_SECOND_FACTOR = frozenset({Role.PI, Role.DATA_MANAGER, Role.ADMINISTRATOR})
# What stays open meanwhile besides the page of the duty: how the session stands, and leaving.
OPEN = frozenset({"users:sign_out", "users:session", "users:reopen"})


def is_aged(user: User) -> bool:
    """Whether the account's password is older than the site allows; the demo's, which nobody may change, never is."""
    if not settings.PASSWORD_MAX_AGE_DAYS or user.email.endswith(DEMO_DOMAIN):
        return False
    return timezone.now() - user.password_set_at > timedelta(days=settings.PASSWORD_MAX_AGE_DAYS)


def needs_second_factor(user: User) -> bool:
    """Whether one of the account's roles asks for a second factor here."""
    if not settings.REQUIRE_MFA:
        return False
    return any(NEED_SECOND_FACTOR & held for held in user.roles_by_site().values())


def lay_down(session: Session, user: User) -> None:
    """Write into a session that begins what its account must do first."""
    found = [PASSWORD] if user.is_password_given or is_aged(user) else []
    if needs_second_factor(user) and not queries.has_device(user):
        found.append(SECOND_FACTOR)
    session[DUTIES] = found


def done(session: Session, duty: str) -> None:
    """Take one thing off the list."""
    session[DUTIES] = [other for other in session.get(DUTIES, []) if other != duty]


def way_to_first(request: HttpRequest) -> HttpResponse | None:
    """Lead to the first thing to be done, unless the request is for what stays open."""
    first = next(iter(request.session.get(DUTIES, [])), None)
    match = request.resolver_match
    if first is None or (match and match.view_name in OPEN | {first}):
        return None
    return redirect(first)
