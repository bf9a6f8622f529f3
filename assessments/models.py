"""One scored instrument at one moment, and who is to rate a participant."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from trial.records.models import ClinicalRecord
from trial.users.delegation.rules import Span


class Assessment(ClinicalRecord):
    """An instrument with its items as scored; ``occurred_at`` is when it was rated.

    ``scores`` maps item ids to integers; an item not rated is absent, and then ``total`` is null.
    ``subscales`` maps subscale ids to totals or null.
    """

    observation = "rating"
    is_done_at_visit = True

    class Mode(models.TextChoices):
        IN_PERSON = "in_person", "in person"
        PHONE = "phone", "by phone"

    instrument = models.CharField(max_length=16)
    instrument_version = models.CharField(max_length=16)
    mode = models.CharField(max_length=10, choices=Mode.choices, default=Mode.IN_PERSON)
    rater = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    recall_window = models.CharField(max_length=24, blank=True)
    scores = models.JSONField(default=dict)
    missing = models.JSONField("why items are missing", default=dict, blank=True)
    total = models.DecimalField(max_digits=6, decimal_places=2, null=True, blank=True, editable=False)
    subscales = models.JSONField(default=dict, blank=True, editable=False)

    class Meta(ClinicalRecord.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *ClinicalRecord.Meta.constraints,
            models.UniqueConstraint(fields=["visit", "instrument"], name="instrument_once_per_visit"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["participant", "instrument", "occurred_at"], name="assessment_course"),
        ]


class Interview(ClinicalRecord):
    """An instrument while it is being rated at a visit: the answers so far, shared by all who may enter it.

    Each save is in the trail, none asks for a reason, and nothing of it is a result: what is submitted becomes an
    `Assessment`. One row per visit and instrument; after it was set aside the same row begins anew. ``entered_by``
    began it, ``occurred_at`` is the time of rating as the form says it so far, ``page`` the opened form that saved
    last, and ``turn`` the number of that save among its own.
    """

    class State(models.TextChoices):
        IN_PROGRESS = "in_progress", "in progress"
        SUBMITTED = "submitted", "submitted"
        SET_ASIDE = "set_aside", "set aside"

    visit = models.ForeignKey("participants.Visit", on_delete=models.PROTECT, related_name="%(class)s_set")
    instrument = models.CharField(max_length=16)
    instrument_version = models.CharField(max_length=16)
    state = models.CharField(max_length=12, choices=State.choices, default=State.IN_PROGRESS)
    mode = models.CharField(max_length=10, choices=Assessment.Mode.choices)
    rater = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    recall_window = models.CharField(max_length=24, blank=True)
    scores = models.JSONField("answers so far", default=dict, blank=True)
    missing_reason = models.CharField("why items are missing", max_length=120, blank=True)
    page = models.UUIDField("opened form", default=uuid.uuid4)
    turn = models.PositiveIntegerField("save of the opened form", default=0)
    saved_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    saved_at = models.DateTimeField(default=timezone.now)

    class Meta(ClinicalRecord.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *ClinicalRecord.Meta.constraints,
            models.UniqueConstraint(fields=["visit", "instrument"], name="interview_once_per_visit"),
        ]

    @property
    def is_in_progress(self) -> bool:
        """Whether its answers wait to be submitted."""
        return self.state == self.State.IN_PROGRESS


class RaterAssignment(models.Model):
    """A person who is to rate a participant, from a day to a day at the site; ended at once with a reason.

    ``despite`` says why somebody was assigned who had acted at the participant's bedside before.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    site = models.ForeignKey("users.Site", on_delete=models.PROTECT, related_name="+")
    participant = models.ForeignKey("participants.Participant", on_delete=models.PROTECT, related_name="raters")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="rater_assignments")
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True)
    despite = models.CharField("why in spite of bedside work", max_length=200, blank=True)
    assigned_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    assigned_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    end_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["participant", "user", "starts_on"], condition=Q(ended_at=None), name="rater_assigned_once"
            ),
            models.CheckConstraint(
                condition=Q(ends_on=None) | Q(ends_on__gte=F("starts_on")), name="rater_ends_after_start"
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None, end_reason="") | (Q(ended_at__isnull=False) & ~Q(end_reason="")),
                name="rater_ended_with_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} rates {self.participant}"

    @property
    def span(self) -> Span:
        """From when to when it holds."""
        return Span(self.starts_on, self.ends_on, self.ended_at is not None)
