"""What every clinical table inherits, and the protocol versions in use."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone

from trial import protocol
from trial.rules.deviations import is_late

# Nothing about a living person lies outside; a database cannot even read back a year before 1.
FIRST_YEAR, LAST_YEAR = 1900, 2199


def wrong_year(at: date) -> str:
    """Say what is wrong with the year of a date or a moment; empty when it can be."""
    return "" if FIRST_YEAR <= at.year <= LAST_YEAR else f"The year {at.year:04d} cannot be; check the date."


def before_contact(participant: Any, at: datetime) -> str:
    """Say what is wrong with a moment of a year before the participant's first contact; empty when it can be."""
    # A day's grace, for the site's clock may stand in another year than UTC.
    met, year = participant.enrolled_on, (at + timedelta(days=1)).year
    if year >= met.year:
        return ""
    return f"The year {year} lies before the first contact with this participant, {met:%Y-%m-%d}: check both."


class Origin(models.TextChoices):
    """How a record came in."""

    FORM = "form", "form"
    PHONE = "phone", "phone interview"
    IMPORT = "import", "import"
    DEMO = "demo", "synthetic demo data"


class Record(models.Model):
    """A row entered by one person, once.

    ``key`` is the one-use key of the form that made the row: the same person posting the same route with the
    same key again gets the same row back. ``content_hash`` tells a repeat from another content under that key.
    ``version`` counts saves; a save that names an older one is refused. ``entered_at`` is when it was typed.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    site = models.ForeignKey("users.Site", on_delete=models.PROTECT, related_name="+")
    version = models.PositiveIntegerField(default=1, editable=False)
    entered_at = models.DateTimeField(default=timezone.now, editable=False)
    entered_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", editable=False)
    key = models.UUIDField(default=uuid.uuid4, editable=False)
    route = models.CharField(max_length=64, editable=False)
    content_hash = models.CharField(max_length=64, editable=False)
    protocol_version = models.CharField(max_length=40, editable=False)
    origin = models.CharField(max_length=8, choices=Origin.choices, default=Origin.FORM, editable=False)

    # True on a row that a form got back because it was sent before; what follows an entry is then done already.
    is_repeat = False

    class Meta:
        abstract = True
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["entered_by", "route", "key"], name="%(app_label)s_%(class)s_key"),
        ]

    def clean_fields(self, exclude: Collection[str] | None = None) -> None:
        """Check every field, and that each date has a year that can be; raises ValidationError."""
        super().clean_fields(exclude=exclude)
        dates = {field.name for field in self._meta.concrete_fields if isinstance(field, models.DateField)}
        given = {name: getattr(self, name) for name in dates - set(exclude or ())}
        if wrong := {name: words for name, at in given.items() if at is not None and (words := wrong_year(at))}:
            raise ValidationError(wrong)


class ClinicalRecord(Record):
    """A record about one participant at a moment: ``occurred_at`` is when it happened, in UTC."""

    # Whether the row is something done with the participant, so that its moment is a moment of its visit.
    is_done_at_visit: ClassVar[bool] = False
    # The kind of observation by which the protocol judges a late entry; empty where none is.
    observation: ClassVar[str] = ""
    # Whether its moment may lie before the participant and the trial met, like the onset of an event.
    may_precede_contact: ClassVar[bool] = False

    participant = models.ForeignKey("participants.Participant", on_delete=models.PROTECT, related_name="%(class)s_set")
    visit = models.ForeignKey(
        "participants.Visit", on_delete=models.PROTECT, related_name="%(class)s_set", null=True, blank=True
    )
    occurred_at = models.DateTimeField()

    class Meta(Record.Meta):
        abstract = True

    def clean_fields(self, exclude: Collection[str] | None = None) -> None:
        """Refuse a year in which the participant was not in the trial yet as well; raises ValidationError."""
        super().clean_fields(exclude=exclude)
        if self.may_precede_contact or self.participant_id is None:
            return
        if words := before_contact(self.participant, self.occurred_at):
            raise ValidationError({"occurred_at": words})

    @property
    def is_late(self) -> bool:
        """Whether it was entered later than its protocol allows; the demo's data were never entered by anybody."""
        if not self.observation or not self.protocol_version or self.origin == Origin.DEMO:
            return False
        plan = protocol.for_version(self.protocol_version)
        return is_late(plan, self.observation, self.occurred_at, self.entered_at)


class ProtocolVersion(models.Model):
    """A protocol file in use: from its first use on, the file must keep this hash."""

    version = models.CharField(max_length=40, primary_key=True)
    sha256 = models.CharField(max_length=64)
    first_used_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.version


class UsedKey(models.Model):
    """A form that changed a record was sent: the same again is a repeat, other content under its key is refused."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.UUIDField()
    content_hash = models.CharField(max_length=64)
    used_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["user", "key"], name="form_sent_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["used_at"], name="usedkey_age")]


class Draft(models.Model):
    """What somebody typed on a form and did not save: no record, and nobody else's to see.

    ``address`` is the form's, ``opened`` the one page on which it was typed: what still arrives from a page that was
    saved meanwhile is dropped, since then ``ended_at`` is set and ``fields`` is empty.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    address = models.CharField(max_length=200)
    opened = models.UUIDField()
    fields = models.JSONField(default=dict)
    saved_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["user", "address"], name="draft_once_per_form"),
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["saved_at"], name="draft_age")]
