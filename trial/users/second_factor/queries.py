"""Named reads of second factors."""

from __future__ import annotations

from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from trial.users.models import User


def has_device(user: User) -> bool:
    """Whether the account has confirmed an authenticator app."""
    return bool(TOTPDevice.objects.filter(user=user, confirmed=True).exists())


def recovery_codes_left(user: User) -> int:
    """How many recovery codes the account has not used."""
    return int(StaticToken.objects.filter(device__user=user).count())
