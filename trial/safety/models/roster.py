"""Who is on call at a site, and whom to phone when nobody is."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models

from trial.records.models import Record

PHONE = RegexValidator(
    r"^\+?[0-9][0-9 ()/.-]{2,28}$", "Write a telephone number: digits, spaces, and + in front for another country."
)


class OnCallShift(Record):
    """One person on call at a site from a time to a time, with somebody behind; staff numbers only."""

    starts_at = models.DateTimeField("from")
    ends_at = models.DateTimeField("to")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    phone = models.CharField("telephone on duty", max_length=30, validators=[PHONE])
    backup = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    backup_phone = models.CharField("telephone of the back-up", max_length=30, blank=True, validators=[PHONE])
    is_cancelled = models.BooleanField(default=False)

    class Meta(Record.Meta):
        ordering: ClassVar[list[str]] = ["starts_at"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *Record.Meta.constraints,
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("starts_at")), name="shift_ends_after_start"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["site", "ends_at"], name="shift_ends")]

    def __str__(self) -> str:
        return f"{self.person} at {self.site.code}"

    def clean(self) -> None:
        """Refuse an end before the start, and a back-up who is the same person or has no number."""
        starts: datetime | None = self.starts_at
        if starts is not None and self.ends_at is not None and self.ends_at <= starts:
            raise ValidationError({"ends_at": "It must end after it begins; check both times."})
        if self.backup_id is not None and self.backup_id == self.person_id:
            raise ValidationError({"backup": "The back-up must be another person."})
        if bool(self.backup_id) != bool(self.backup_phone):
            raise ValidationError({"backup_phone": "Name the back-up and their telephone number, or neither."})


class SafetyContact(Record):
    """Whom to phone at a site when the roster names nobody."""

    phone = models.CharField("emergency number", max_length=30, validators=[PHONE])
    answers = models.CharField("who answers", max_length=120)

    class Meta(Record.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *Record.Meta.constraints,
            models.UniqueConstraint(fields=["site"], name="safety_contact_once_per_site"),
        ]

    def __str__(self) -> str:
        return f"{self.answers}: {self.phone}"
