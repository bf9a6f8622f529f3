"""What was taken out of the site for a safety board."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone


class SafetyExport(models.Model):
    """One listing that left the site as a file: by whom, when, of which sites, up to when, and its hash."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(default=timezone.now)
    part = models.CharField(max_length=12)
    sites = models.CharField(max_length=200)
    until = models.DateTimeField("data up to")
    rows = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)

    def __str__(self) -> str:
        return f"{self.part}, {self.sites}"
