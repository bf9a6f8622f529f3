"""A personal access token, of which only a digest is kept."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone


class AccessToken(models.Model):
    """What a programme shows to act as ``user``; never changed but to end it.

    ``digest`` is the SHA-256 of the token, whose 256 random bits need no slow hash. ``scopes`` are actions of
    trial.permissions: a token never allows more than its account may do, and never longer than ``expires_at``.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="access_tokens")
    name = models.CharField("what it is for", max_length=80)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    scopes = models.JSONField("may do", default=list)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField("valid until")
    ended_at = models.DateTimeField("ended", null=True, blank=True)

    def __str__(self) -> str:
        return self.name
