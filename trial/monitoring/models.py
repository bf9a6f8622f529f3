"""Questions about recorded data with their threads, marks of source-data verification, reviews of the trail."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from trial.records.models import Record


class AboutRecord(Record):
    """A row about one record (table and id), of a participant and perhaps of a visit."""

    participant = models.ForeignKey("participants.Participant", on_delete=models.PROTECT, related_name="%(class)s_set")
    visit = models.ForeignKey("participants.Visit", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    subject_table = models.CharField("kind of record", max_length=64)
    subject_id = models.UUIDField("record")
    field = models.CharField(max_length=60, blank=True)

    class Meta(Record.Meta):
        abstract = True


class DataQuery(AboutRecord):
    """A question about recorded data, put by a person or by an edit check (then ``check_code`` names it).

    It never changes what it asks about. ``entered_by`` is empty where a check asked: nobody did, and the trail
    names whoever saved the record. ``fingerprint`` stands for the values that a check read.
    """

    class State(models.TextChoices):
        OPEN = "open", "open"
        ANSWERED = "answered", "answered"
        CLOSED = "closed", "closed"

    class Outcome(models.TextChoices):
        ACCEPTED = "accepted", "answer accepted"
        CORRECTED = "corrected", "resolved by correction"
        WITHDRAWN = "withdrawn", "withdrawn"

    entered_by = models.ForeignKey(  # type: ignore[assignment]
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, editable=False, related_name="+"
    )
    check_code = models.CharField("edit check", max_length=32, blank=True)
    fingerprint = models.CharField(max_length=64, blank=True, editable=False)
    subject_version = models.PositiveIntegerField("version asked about", default=1)
    question = models.CharField(max_length=500)
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    outcome = models.CharField("closed as", max_length=9, choices=Outcome.choices, blank=True)
    closing_reason = models.CharField("why closed", max_length=300, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    correction = models.BigIntegerField("entry of the correction", null=True, blank=True)

    class Meta(AboutRecord.Meta):
        verbose_name = "data query"
        verbose_name_plural = "data queries"
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["site", "state", "entered_at"], name="query_worklist"),
            models.Index(fields=["participant", "state"], name="query_of_participant"),
            models.Index(fields=["subject_id", "check_code"], name="query_about_record"),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *AboutRecord.Meta.constraints,
            models.UniqueConstraint(
                fields=["subject_table", "subject_id", "field", "check_code"],
                condition=~models.Q(state="closed") & ~models.Q(check_code=""),
                name="query_of_check_open_once",
            ),
        ]

    def __str__(self) -> str:
        return self.question


class QueryMessage(Record):
    """One contribution to a query's thread: who, when, the words, and the state they led to."""

    class Verb(models.TextChoices):
        RAISED = "raised", "asked"
        ANSWERED = "answered", "answered"
        REOPENED = "reopened", "opened again"
        CLOSED = "closed", "closed"
        WITHDRAWN = "withdrawn", "withdrew"
        NOTED = "noted", "noted"

    entered_by = models.ForeignKey(  # type: ignore[assignment]
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, editable=False, related_name="+"
    )
    query = models.ForeignKey(DataQuery, on_delete=models.PROTECT, related_name="thread")
    verb = models.CharField("what was done", max_length=9, choices=Verb.choices)
    words = models.CharField(max_length=500)
    state = models.CharField("state after", max_length=8, choices=DataQuery.State.choices)
    correction = models.BigIntegerField("entry of the correction", null=True, blank=True)

    class Meta(Record.Meta):
        ordering: ClassVar[list[str]] = ["entered_at"]
        verbose_name = "message about a query"


class VerificationMark(AboutRecord):
    """A monitor compared a record, or one field of it, with its source; ``entered_at`` is when.

    ``digests`` holds, for each field that was compared, the SHA-256 of its value then: whatever reads otherwise
    now has changed since.
    """

    subject_version = models.PositiveIntegerField("version verified")
    digests = models.JSONField("values verified", default=dict)

    class Meta(AboutRecord.Meta):
        verbose_name = "source-data verification"
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["participant", "subject_id"], name="verification_of_record"),
        ]


class TrailReview(Record):
    """A review of the audit trail of a site: the entries from one to another, what was found, and when the next is due.

    It is written once and never changed: what follows is the next review.
    """

    from_entry = models.BigIntegerField("first entry")
    to_entry = models.BigIntegerField("last entry")
    from_at = models.DateTimeField("from", null=True, blank=True)
    to_at = models.DateTimeField("to")
    counts = models.JSONField("what was looked at", default=dict)
    findings = models.TextField(max_length=4000)
    has_findings = models.BooleanField("calls for action", default=False)
    next_due = models.DateField("next review due")

    class Meta(Record.Meta):
        verbose_name = "review of the audit trail"
        verbose_name_plural = "reviews of the audit trail"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *Record.Meta.constraints,
            models.UniqueConstraint(fields=["site", "from_entry"], name="trail_reviewed_once"),
        ]
