"""Alerts that somebody must act on, adverse events, and departures from the protocol."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models

from trial.participants.queries import protocol_of
from trial.records.models import ClinicalRecord


class AtVisit(ClinicalRecord):
    """A record that a page names by its visit."""

    class Meta(ClinicalRecord.Meta):
        abstract = True

    @property
    def visit_label(self) -> str:
        """The visit's name in the protocol of the participant; empty for a record of no visit."""
        return protocol_of(self.participant).visits[self.visit.code].label if self.visit else ""


class Alert(AtVisit):
    """Something that a clinician must look at; it stays until acknowledged with what was done."""

    class Level(models.TextChoices):
        REVIEW = "review", "review this shift"
        URGENT = "urgent", "act now"
        EMERGENCY = "emergency", "emergency"

    kind = models.CharField(max_length=40)
    level = models.CharField(max_length=10, choices=Level.choices)
    summary = models.CharField(max_length=300)
    source_table = models.CharField(max_length=64, blank=True)
    source_id = models.UUIDField(null=True, blank=True)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    acted_at = models.DateTimeField("when it was done", null=True, blank=True)
    action_taken = models.CharField(max_length=300, blank=True)


class AdverseEvent(ClinicalRecord):
    """An untoward occurrence; ``occurred_at`` is its onset. Severity and seriousness are separate."""

    observation = "safety"

    class Grade(models.IntegerChoices):
        MILD = 1, "1 mild"
        MODERATE = 2, "2 moderate"
        SEVERE = 3, "3 severe"
        LIFE_THREATENING = 4, "4 life-threatening"
        DEATH = 5, "5 death"

    class Causality(models.TextChoices):
        UNRELATED = "unrelated", "unrelated"
        UNLIKELY = "unlikely", "unlikely"
        POSSIBLE = "possible", "possible"
        PROBABLE = "probable", "probable"
        DEFINITE = "definite", "definite"

    term = models.CharField("what happened", max_length=120)
    grade = models.PositiveSmallIntegerField("severity", choices=Grade.choices)
    is_serious = models.BooleanField("serious", default=False)
    seriousness = models.CharField("why serious", max_length=200, blank=True)
    ketamine_causality = models.CharField("caused by ketamine", max_length=10, choices=Causality.choices)
    clonidine_causality = models.CharField("caused by clonidine", max_length=10, choices=Causality.choices)
    procedure_causality = models.CharField("caused by a procedure", max_length=10, choices=Causality.choices)
    aware_at = models.DateTimeField("trial staff knew")
    ended_at = models.DateTimeField("ended", null=True, blank=True)
    outcome = models.CharField(max_length=200, blank=True)

    def clean(self) -> None:
        """Refuse an event whose dates or seriousness contradict each other."""
        wrong: dict[str, str] = {}
        # Empty while a form with a mistyped onset is checked; the field says so itself.
        began: datetime | None = self.occurred_at
        if began is not None and self.ended_at is not None and self.ended_at < began:
            wrong["ended_at"] = "It cannot end before it began; check both times."
        if began is not None and self.aware_at is not None and self.aware_at < began:
            wrong["aware_at"] = "Staff cannot know before it began; check both times."
        if self.is_serious and not self.seriousness.strip():
            wrong["seriousness"] = "Say which rule of seriousness it meets."
        if self.grade == self.Grade.DEATH and not self.is_serious:
            wrong["is_serious"] = "Death is always serious."
        if self.grade == self.Grade.LIFE_THREATENING and not self.is_serious and not self.seriousness.strip():
            wrong["is_serious"] = (
                "A life-threatening event is serious. Mark it as serious, or say below why this one of grade 4 "
                "was not: for example a laboratory value without danger to life."
            )
        if wrong:
            raise ValidationError(wrong)


class Deviation(AtVisit):
    """A departure from the protocol, found by the system or reported by hand."""

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
    summary = models.CharField(max_length=300)
    is_important = models.BooleanField(default=False)
    is_automatic = models.BooleanField(default=True)
    source_table = models.CharField(max_length=64, blank=True)
    source_id = models.UUIDField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    correction = models.CharField("corrective action", max_length=300, blank=True)
    is_void = models.BooleanField("no longer holds", default=False)
