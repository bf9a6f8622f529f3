"""Lock states that always exist, the changes that made them, and what was asked for.

A state row is written by the database alone: it says what the last change of its visit, participant or trial says.
"""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

KINDS = ("visit", "participant", "trial")


class LockState(models.Model):
    """Whether something is locked, and the change that made it so; none before the first one."""

    is_locked = models.BooleanField(default=False)
    change = models.ForeignKey("locks.LockChange", null=True, on_delete=models.DO_NOTHING, related_name="+")

    class Meta:
        abstract = True


class VisitLock(LockState):
    """The state of one visit; made and removed together with it."""

    visit = models.OneToOneField(
        "participants.Visit", primary_key=True, on_delete=models.DO_NOTHING, related_name="lock"
    )


class ParticipantLock(LockState):
    """The state of one participant; made and removed together with the row."""

    participant = models.OneToOneField(
        "participants.Participant", primary_key=True, on_delete=models.DO_NOTHING, related_name="lock"
    )


class TrialLock(LockState):
    """The state of the whole trial: one row."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(id=1), name="locks_one_trial"),
        ]


def one_of_three() -> Q:
    """The condition that exactly one of visit, participant and trial is named."""
    given = [Q(**{f"{kind}__isnull": False, **{f"{o}__isnull": True for o in KINDS if o != kind}}) for kind in KINDS]
    return given[0] | given[1] | given[2]


class AboutALock(models.Model):
    """Names one visit, one participant or the trial, by its lock state."""

    visit = models.ForeignKey(VisitLock, null=True, blank=True, on_delete=models.PROTECT, related_name="%(class)ss")
    participant = models.ForeignKey(
        ParticipantLock, null=True, blank=True, on_delete=models.PROTECT, related_name="%(class)ss"
    )
    trial = models.ForeignKey(TrialLock, null=True, blank=True, on_delete=models.PROTECT, related_name="%(class)ss")

    class Meta:
        abstract = True

    @property
    def kind(self) -> str:
        """What it is about: visit, participant or trial."""
        return next(kind for kind in KINDS if getattr(self, f"{kind}_id") is not None)

    @property
    def state(self) -> LockState:
        """The lock state it is about."""
        found: LockState = getattr(self, self.kind)
        return found


class LockChange(AboutALock):
    """Something was locked or unlocked: who, when and why. Never changed or removed.

    Unlocking needs the decision of a second person about a request of a first one, and the signatures of both.
    """

    is_locked = models.BooleanField("locked")
    at = models.DateTimeField("when", default=timezone.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=300)
    last_entry = models.BigIntegerField("last audit entry before it")
    decision = models.OneToOneField(
        "locks.UnlockDecision", null=True, blank=True, on_delete=models.PROTECT, related_name="change"
    )

    class Meta:
        ordering: ClassVar[list[str]] = ["id"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=one_of_three(), name="locks_change_is_of_one"),
            models.CheckConstraint(
                condition=Q(is_locked=True, decision=None) | Q(is_locked=False, decision__isnull=False),
                name="locks_opened_by_decision",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {'locked' if self.is_locked else 'unlocked'} by {self.by}"


class UnlockRequest(AboutALock):
    """Somebody asks, with a reason and a signature, to undo one lock. Never changed or removed."""

    lock = models.ForeignKey(LockChange, on_delete=models.PROTECT, related_name="requests")
    reason = models.CharField(max_length=300)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField("when", default=timezone.now)

    class Meta:
        ordering: ClassVar[list[str]] = ["id"]
        verbose_name = "request to unlock"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=one_of_three(), name="locks_request_is_of_one"),
        ]

    def __str__(self) -> str:
        return f"request {self.pk} to unlock"


class UnlockDecision(models.Model):
    """A second person allows a request, with a signature, or somebody refuses it, with words. Never changed."""

    request = models.OneToOneField(UnlockRequest, on_delete=models.PROTECT, related_name="decision")
    is_allowed = models.BooleanField("allowed")
    words = models.CharField(max_length=300, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField("when", default=timezone.now)

    class Meta:
        ordering: ClassVar[list[str]] = ["id"]
        verbose_name = "decision to unlock"

    def __str__(self) -> str:
        return f"{'allowed' if self.is_allowed else 'refused'}: {self.request}"
