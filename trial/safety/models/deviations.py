"""Departures from the protocol."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from trial.safety.models.at_visit import AtVisit


class Deviation(AtVisit):
    """A departure from the protocol, found by the system or reported by hand.

    ``ground`` says what it departs from, for the system: a dotted key of the protocol or the name of a rule, with what
    it was about in front where several may stand about one record. Rows from before it was kept have none.
    """

    class Kind(models.TextChoices):
        WINDOW = "window", "outside the window"
        MISSED = "missed", "missed visit"
        ORDER = "order", "out of order"
        CONSENT = "consent", "consent"
        ELIGIBILITY = "eligibility", "eligibility"
        LIMIT = "limit", "beyond a limit"
        LATE_ENTRY = "late entry", "entered late"
        OTHER = "other", "other"

    kind = models.CharField(max_length=12, choices=Kind.choices)
    ground = models.CharField(max_length=300, blank=True, editable=False)
    summary = models.CharField(max_length=300)
    is_important = models.BooleanField(default=False)
    is_automatic = models.BooleanField(default=True)
    source_table = models.CharField(max_length=64, blank=True)
    source_id = models.UUIDField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    root_cause = models.CharField("root cause", max_length=300, blank=True)
    correction = models.CharField("corrective action", max_length=300, blank=True)
    prevention = models.CharField("preventive action", max_length=300, blank=True)
    is_void = models.BooleanField("no longer holds", default=False)
