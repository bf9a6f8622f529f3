"""A report as ordered and as published."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

from reports.departure import Departure


class Report(models.Model):
    """One order of one book; when published, the hashes of what was written and of what went in."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    book = models.CharField(max_length=40)
    site = models.ForeignKey("users.Site", on_delete=models.PROTECT, related_name="+")
    ordered_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    ordered_at = models.DateTimeField(default=timezone.now)
    key = models.UUIDField(default=uuid.uuid4, editable=False)
    job = models.ForeignKey("jobs.Job", null=True, on_delete=models.SET_NULL, related_name="+")
    published_at = models.DateTimeField(null=True)
    is_publishable = models.BooleanField(null=True)
    data_cut = models.DateTimeField(null=True)
    input_hash = models.CharField(max_length=64, blank=True)
    pdf_path = models.CharField(max_length=200, blank=True)
    pdf_sha256 = models.CharField(max_length=64, blank=True)
    results_path = models.CharField(max_length=200, blank=True)
    results_sha256 = models.CharField(max_length=64, blank=True)
    page_path = models.CharField(max_length=200, blank=True)
    page_sha256 = models.CharField(max_length=64, blank=True)
    # Of each picture of the page, in its order, the file's name and its SHA-256.
    figures = models.JSONField(default=list)
    departure = models.CharField(max_length=8, blank=True)
    failures = models.JSONField(default=list)

    class Meta:
        ordering: ClassVar[list[str]] = ["-ordered_at"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["ordered_by", "key"], name="report_ordered_once"),
        ]

    @property
    def departed(self) -> Departure:
        """Why the published values are not to be expected of a demo site's data."""
        return Departure(self.departure)

    def __str__(self) -> str:
        return f"{self.book} {self.ordered_at:%Y-%m-%d %H:%M}"
