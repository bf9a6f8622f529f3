"""Setting up a second factor, checking it, and taking it away from somebody who lost it."""

from __future__ import annotations

import logging
import secrets

from django.utils import timezone
from django.utils.crypto import salted_hmac
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from trial.audit.context import audited
from trial.permissions import may
from trial.users.emergency.codes import ALPHABET
from trial.users.models import User

log = logging.getLogger(__name__)

RECOVERY_CODES, RECOVERY_LENGTH = 10, 10
APP, RECOVERY = "authenticator app", "recovery codes"


class ResetRefused(ValueError):
    """Somebody would reset their own second factor."""


def begin(user: User) -> TOTPDevice:
    """Return the app's device that the account is setting up, made on first use."""
    device = TOTPDevice.objects.filter(user=user, confirmed=False).first()
    if device is None:
        with audited(user, "second factor begun"):
            device = TOTPDevice.objects.create(user=user, confirmed=False, name=APP)
    return device


def confirm(user: User, code: str) -> list[str]:
    """Put the second factor into force with a code of the app; return its recovery codes, or nothing if it is wrong."""
    with audited(user, "second factor set up"):
        device = TOTPDevice.objects.select_for_update().filter(user=user, confirmed=False).first()
        if device is None or not device.verify_token(plain(code)):
            return []
        device.confirmed = True
        device.save(update_fields=["confirmed"])
        return new_recovery_codes(user)


def new_recovery_codes(user: User) -> list[str]:
    """Return new recovery codes, in clear for the only time; the ones before are void."""
    codes = ["".join(secrets.choice(ALPHABET) for _ in range(RECOVERY_LENGTH)) for _ in range(RECOVERY_CODES)]
    with audited(user, "new recovery codes"):
        for old in StaticDevice.objects.filter(user=user):
            old.delete()
        device = StaticDevice.objects.create(user=user, name=RECOVERY)
        for code in codes:
            StaticToken.objects.create(device=device, token=kept(code))
    return [f"{code[:5]}-{code[5:]}" for code in codes]


def is_right(user: User, typed: str) -> bool:
    """Check a code of the app or a recovery code, once each; wrong ones make the next attempt wait longer."""
    code = plain(typed)
    model = TOTPDevice if code.isdigit() and len(code) < RECOVERY_LENGTH else StaticDevice
    with audited(user, "second factor given" if model is TOTPDevice else "recovery code used"):
        device = model.objects.select_for_update().filter(user=user, confirmed=True).first()
        right = bool(device and device.verify_token(code if model is TOTPDevice else kept(code)))
    if not right:
        log.warning("second factor refused: %s", user.get_username())
    elif model is StaticDevice:
        log.warning("recovery code used: %s", user.get_username())
    return right


def reset(actor: User, user: User, *, reason: str) -> None:
    """Take an account's second factor away and end its sessions.

    Raises ResetRefused for one's own, and for somebody with a role at a site where the actor is no administrator.
    """
    if actor.pk == user.pk:
        raise ResetRefused("Nobody resets their own second factor. Ask another administrator.")
    held = user.role_assignments.filter(ended_at=None).values_list("site_id", flat=True)
    if any(not may(actor, "second_factor.reset", site_id) for site_id in held):
        raise ResetRefused(
            "This person also has a role at a site that is not yours; an administrator of all of them does it."
        )
    with audited(actor, f"second factor reset: {reason}"):
        for model in (TOTPDevice, StaticDevice):
            for device in model.objects.filter(user=user):
                device.delete()
        user.sessions_ended_at = timezone.now()
        user.save(update_fields=["sessions_ended_at"])
    log.warning("second factor reset: %s by %s", user.get_username(), actor.get_username())


def plain(typed: str) -> str:
    """A code without the spaces and dashes that people write."""
    return "".join(character for character in typed.upper() if character.isalnum())


def kept(code: str) -> str:
    """What is stored of a recovery code: a keyed digest, as long as the column."""
    return salted_hmac("trial.users.second_factor", code, algorithm="sha256").hexdigest()[:16]
