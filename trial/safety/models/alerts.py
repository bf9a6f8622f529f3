"""Alerts, and the messages by which somebody is to hear of them."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from trial.safety.models.at_visit import AtVisit


class Alert(AtVisit):
    """Something that a clinician must look at; it stays until acknowledged with what was done.

    ``reached_at`` is when somebody who may act said "I am on it"; until then nobody counts as reached.
    """

    class Level(models.TextChoices):
        REVIEW = "review", "review this shift"
        URGENT = "urgent", "act now"
        EMERGENCY = "emergency", "emergency"

    kind = models.CharField(max_length=40)
    level = models.CharField(max_length=10, choices=Level.choices)
    summary = models.CharField(max_length=300)
    source_table = models.CharField(max_length=64, blank=True)
    source_id = models.UUIDField(null=True, blank=True)
    reached_at = models.DateTimeField("somebody was on it", null=True, blank=True)
    reached_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    acted_at = models.DateTimeField("when it was done", null=True, blank=True)
    action_taken = models.CharField(max_length=300, blank=True)

    @property
    def is_unanswered(self) -> bool:
        """Whether nobody has acknowledged it or said to be on it."""
        return self.acknowledged_at is None and self.reached_at is None


class AlertNotice(models.Model):
    """One message about an alert, a row before it is sent: an escalation step, or a reminder to report an event.

    ``job`` is the background job that sends it once it is due. ``person`` is found when it is sent: who is on call
    then. Its text holds no clinical value.
    """

    class Purpose(models.TextChoices):
        ESCALATION = "escalation", "escalation"
        REPORT = "report", "reminder to report"

    class State(models.TextChoices):
        WAITING = "waiting", "waiting"
        DELIVERED = "delivered", "handed over"
        FAILED = "failed", "reached nobody"
        NOT_NEEDED = "not needed", "no longer needed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    alert = models.ForeignKey(Alert, on_delete=models.PROTECT, related_name="notices")
    purpose = models.CharField(max_length=10, choices=Purpose.choices)
    step = models.PositiveSmallIntegerField()
    after = models.PositiveIntegerField("minutes after the clock began")
    due_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    job = models.ForeignKey("jobs.Job", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    channel = models.CharField(max_length=10, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True, blank=True)
    why = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["due_at", "purpose", "step"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["alert", "purpose", "step"], name="alert_notice_once_per_step"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["due_at"], name="alert_notice_due", condition=Q(state="waiting", job=None)),
        ]

    def __str__(self) -> str:
        return f"{self.get_purpose_display()} {self.step + 1}"
