"""Contact details as they are kept: encrypted, with a keyed digest for the trail and blind indexes for the search."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from trial.records.models import Record


class Contact(Record):
    """How to reach one participant. Both ciphertexts stay out of the audit trail; ``details_digest`` stands there.

    ``wrapped_key`` is the participant's data key under the site's key ``key_id``. Without it nothing opens the
    details any more: destroying it, wherever a copy of the row lies, is their erasure.
    """

    participant = models.OneToOneField("participants.Participant", on_delete=models.PROTECT, related_name="contact")
    wrapped_key = models.BinaryField(null=True)
    key_id = models.CharField(max_length=12)
    sealed = models.BinaryField("contact details", null=True)
    details_digest = models.CharField("keyed digest of the details", max_length=64, blank=True)
    erased_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"contact details of {self.participant}"


class ContactIndex(models.Model):
    """A keyed digest of a part of the name or of a number, by which a participant is found."""

    contact = models.ForeignKey(Contact, on_delete=models.PROTECT, related_name="indexes")
    value = models.CharField(max_length=64)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["value", "contact"], name="contact_index_once"),
        ]

    def __str__(self) -> str:
        return self.value[:8]


class BreakGlass(Record):
    """Access to contact details by somebody whose role does not call, for an hour, with a reason; reviewed after."""

    participant = models.ForeignKey("participants.Participant", on_delete=models.PROTECT, related_name="+")
    need = models.CharField("why it was needed", max_length=300)
    opened_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    reviewed_at = models.DateTimeField(null=True, blank=True)
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    review = models.CharField("what the review found", max_length=300, blank=True)

    class Meta(Record.Meta):
        verbose_name = "break-glass access"
        verbose_name_plural = "break-glass accesses"

    def __str__(self) -> str:
        return f"break-glass access of {self.entered_by}"
