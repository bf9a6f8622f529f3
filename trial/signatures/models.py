"""A signature: one person's name, the moment and the meaning, bound to what was signed."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone


class Signature(models.Model):
    """One electronic signature (21 CFR 11.50, 11.70); the database refuses to change or remove it.

    ``subject_table`` and ``subject_id`` name the row that is signed, ``subject_words`` say what it is.
    ``manifest`` lists every row that was signed, one a line: table, row id, its newest audit entry, and the SHA-256
    of its content; ``content_hash`` is over the subject and those digests. ``trail_position`` is the newest entry
    of the audit trail at signing. ``mac`` ties all columns together under the key of the audit chain.
    """

    class Meaning(models.TextChoices):
        ENTERED = "entered", "entered"
        REVIEWED = "reviewed", "reviewed"
        APPROVED = "approved", "approved"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    site = models.ForeignKey("users.Site", on_delete=models.PROTECT, related_name="+")
    signer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="signatures")
    username = models.CharField("user name", max_length=64)
    printed_name = models.CharField("name as printed", max_length=120)
    roles = models.CharField("roles at signing", max_length=160)
    meaning = models.CharField(max_length=8, choices=Meaning.choices)
    signed_at = models.DateTimeField(default=timezone.now)
    subject_table = models.CharField("kind of record signed", max_length=64)
    subject_id = models.CharField("record signed", max_length=64)
    subject_words = models.CharField("what was signed", max_length=200)
    content_words = models.CharField("what it held", max_length=400)
    content_format = models.PositiveSmallIntegerField("format of the content", default=1)
    content_hash = models.CharField("SHA-256 of the content", max_length=64)
    manifest = models.TextField("rows signed")
    trail_position = models.BigIntegerField("audit entry before it")
    session_digest = models.CharField(max_length=64, blank=True)
    key = models.UUIDField(default=uuid.uuid4)
    mac = models.CharField(max_length=64)

    class Meta:
        ordering: ClassVar[list[str]] = ["signed_at", "id"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["signer", "key"], name="signature_key_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["subject_table", "subject_id"], name="signature_subject"),
            models.Index(fields=["signer", "session_digest"], name="signature_session"),
        ]

    def __str__(self) -> str:
        return f"{self.printed_name}, {self.get_meaning_display()}: {self.subject_words}"

    @property
    def held_roles(self) -> frozenset[str]:
        """The roles that the signer held at the site when signing."""
        return frozenset(self.roles.split(","))
