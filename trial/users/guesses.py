"""The limit on guesses: how many failures lock a name and an address, and what is kept of a failure.

Nothing that was typed is kept: a name that is no account's may be a password in the wrong field, so a keyed digest
stands for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address
from typing import Any

from axes.backends import AxesStandaloneBackend
from axes.exceptions import AxesBackendPermissionDenied
from axes.handlers.database import AxesDatabaseHandler
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db.models import QuerySet, Sum
from django.db.models.signals import pre_save
from django.dispatch import receiver
from django.http import HttpRequest
from django.urls import reverse
from django.utils.crypto import salted_hmac

from trial.users.models import User


def door_of(request: HttpRequest) -> str:
    """Which of the two ways in a request tries: each counts its own failures, so that neither closes the other."""
    return "emergency" if request.path == reverse("users:emergency") else "sign-in"


def kept_name(request: HttpRequest, credentials: dict[str, Any] | None) -> str:
    """The name under which a failure is counted: door and account, or door and a keyed digest of what was typed."""
    typed = str((credentials or {}).get("username") or "")
    if User.objects.filter(username=typed).exists():
        return f"{door_of(request)}:{typed}"
    digest = salted_hmac("trial.users.guesses", typed, algorithm="sha256").hexdigest()
    return f"{door_of(request)}:no account {digest}"


def client_address(request: HttpRequest) -> str | None:
    """The address a request comes from.

    It is the socket's, whatever headers say. Behind n trusted proxies it is the n-th address from the right of
    X-Forwarded-For: what stands left of it was written by the client.
    """
    nearest: str = request.META.get("REMOTE_ADDR", "")
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    hops = [*(hop.strip() for hop in forwarded if hop.strip()), nearest]
    if 0 < settings.TRUSTED_PROXIES < len(hops):
        nearest = hops[-1 - settings.TRUSTED_PROXIES]
    try:
        return str(ip_address(nearest))
    except ValueError:
        return None


class GuessHandler(AxesDatabaseHandler):  # type: ignore[misc]
    """Counts failures by name and by address, each door for itself, with a higher limit for an address."""

    def filter_user_attempts(
        self, request: HttpRequest, credentials: dict[str, Any] | None = None
    ) -> list[QuerySet[AccessAttempt]]:
        """The failures under the name, then those from the address."""
        here = AccessAttempt.objects.filter(username__startswith=f"{door_of(request)}:")
        address = request.axes_ip_address  # type: ignore[attr-defined]
        return [here.filter(username=kept_name(request, credentials)), here.filter(ip_address=address)]

    def get_failures(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> int:
        """The failures that count against the limit of a name; an address over its own limit counts as much."""
        by_name, by_address = (failures(found) for found in self.get_user_attempts(request, credentials))
        is_over = by_address >= settings.SIGN_IN_ATTEMPTS_PER_ADDRESS
        return max(by_name, settings.AXES_FAILURE_LIMIT if is_over else 0)

    def reset_user_attempts(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> int:
        """Forget the failures under a name; those from an address stay, or one account would clear it for others."""
        return int(self.filter_user_attempts(request, credentials)[0].delete()[0])


def failures(attempts: QuerySet[AccessAttempt]) -> int:
    """How many failures the attempts stand for."""
    return int(attempts.aggregate(total=Sum("failures_since_start"))["total"] or 0)


class GuessLimit(AxesStandaloneBackend):  # type: ignore[misc]
    """Refuses a locked name or address, after the same time that another refusal takes."""

    def authenticate(
        self, request: HttpRequest, username: str | None = None, password: str | None = None, **more: Any
    ) -> None:
        """Let a name pass to the next backend unless it is locked; raises AxesBackendPermissionDenied."""
        try:
            super().authenticate(request, username=username, password=password, **more)
        except AxesBackendPermissionDenied:
            make_password(password)
            raise


@receiver(pre_save, sender=AccessAttempt)
def keep_nothing_typed(instance: AccessAttempt, update_fields: Sequence[str] | None = None, **_: Any) -> None:
    """Keep the count and the address of a failure, not what was sent."""
    instance.get_data = instance.post_data = instance.http_accept = ""
