"""Named reads of second factors."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404
from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from trial.users.models import User
from trial.users.queries import accounts_at


def has_device(user: User) -> bool:
    """Whether the account has confirmed an authenticator app."""
    return bool(TOTPDevice.objects.filter(user=user, confirmed=True).exists())


def recovery_codes_left(user: User) -> int:
    """How many recovery codes the account has not used."""
    return int(StaticToken.objects.filter(device__user=user).count())


def get_account(sites: frozenset[UUID], pk: UUID) -> User:
    """An account that holds or held a role at the sites; Http404 for another and for none alike."""
    if (account := accounts_at(sites).filter(pk=pk).first()) is None:
        raise Http404("No such account.")
    return account
