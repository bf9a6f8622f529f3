"""Making sealed codes, signing in with one, and looking at that afterwards."""

from __future__ import annotations

import logging

from axes.handlers.proxy import AxesProxyHandler
from django.contrib.auth.signals import user_login_failed
from django.http import HttpRequest
from django.utils import timezone

from trial.audit.context import audited
from trial.users.backends import AccountBackend
from trial.users.emergency import queries
from trial.users.emergency.codes import digest, new_code
from trial.users.models import EmergencyAccess, EmergencyCode, Site, User

log = logging.getLogger(__name__)


class ReviewRefused(ValueError):
    """Somebody would review what they did themselves, or what was reviewed already."""


def make_codes(actor: User | str, site: Site, *, count: int) -> list[str]:
    """Return new codes for a site's envelope, in clear for the only time; the ones before are void."""
    codes = [new_code() for _ in range(count)]
    with audited(actor, f"{count} emergency codes for {site.code}"):
        old = EmergencyCode.objects.filter(site=site, used_at__isnull=True, voided_at__isnull=True)
        old.update(voided_at=timezone.now())
        EmergencyCode.objects.bulk_create([EmergencyCode(site=site, digest=digest(code)) for code in codes])
    return codes


def get_in(request: HttpRequest, *, username: str, password: str, code: str, reason: str) -> EmergencyAccess | None:
    """Use a sealed code up and return the access, or None; every wrong set is refused alike and counted.

    Failures count against the address, and against the name only where the code was right: who has no envelope
    cannot lock a name here, and who has one cannot go on guessing passwords.
    """
    sealed = queries.usable_code(code)
    user = AccountBackend().authenticate(request, username=username, password=password)
    counted = {"username": username if sealed else ""}
    if isinstance(user, User) and sealed and AxesProxyHandler.is_allowed(request, counted):
        access = use_up(user, sealed, reason)
        if access is not None:
            return access
    user_login_failed.send(sender=__name__, credentials=counted, request=request)
    return None


def use_up(user: User, sealed: EmergencyCode, reason: str) -> EmergencyAccess | None:
    """Write the access and use its code up, or return None where the code is not the person's site's or just gone."""
    if sealed.site_id not in user.roles_by_site():
        return None
    with audited(user, f"emergency access: {reason}"):
        unused = EmergencyCode.objects.filter(pk=sealed.pk, used_at__isnull=True, voided_at__isnull=True)
        if not unused.update(used_at=timezone.now()):
            return None
        access = EmergencyAccess.objects.create(user=user, site=sealed.site, code=sealed, reason=reason)
    log.warning("emergency access: %s at %s", user.get_username(), sealed.site.code)
    return access


def review(actor: User, access: EmergencyAccess, *, comment: str) -> None:
    """Note who looked at an emergency sign-in, and what they found; raises ReviewRefused."""
    if access.user_id == actor.pk:
        raise ReviewRefused("You used this access yourself. Another of PI, data manager and administrator reviews it.")
    with audited(actor, "emergency access reviewed"):
        open_still = EmergencyAccess.objects.filter(pk=access.pk, reviewed_at__isnull=True)
        if not open_still.update(reviewed_by=actor, reviewed_at=timezone.now(), review=comment):
            raise ReviewRefused("Somebody has reviewed this access in the meantime. Open the page again.")
