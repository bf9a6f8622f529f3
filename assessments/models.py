"""One scored instrument at one moment."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from trial.records.models import ClinicalRecord


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
