"""The delegation log of a site and the training of its staff; a line is ended or withdrawn with a reason."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from trial.permissions import Role
from trial.users.delegation.rules import DELEGATED, Span, Trained

DELEGATED_ROLES = [(role.value, role.value.replace("_", " ").capitalize()) for role in Role if role in DELEGATED]


class Delegation(models.Model):
    """Duties of one role that the PI of a site delegates to a person, from a day to a day at the site.

    ``delegated_by`` is empty only on a line that was carried over from before there was a log, until the PI confirms
    it. What was ended holds from that moment no more, whatever its last day.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    site = models.ForeignKey("users.Site", on_delete=models.PROTECT, related_name="delegations")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="delegations")
    role = models.CharField(max_length=20, choices=DELEGATED_ROLES)
    duties = models.CharField(max_length=300)
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True)
    delegated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    delegated_at = models.DateTimeField(default=timezone.now)
    is_carried_over = models.BooleanField(default=False)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    ended_at = models.DateTimeField(null=True, blank=True)
    end_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["user", "site", "role", "starts_on"], condition=Q(ended_at=None), name="delegated_once"
            ),
            models.CheckConstraint(condition=~Q(delegated_by=F("user")), name="delegated_by_another"),
            models.CheckConstraint(
                condition=Q(is_carried_over=True) | Q(delegated_by__isnull=False), name="delegated_by_somebody"
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None, end_reason="") | (Q(ended_at__isnull=False) & ~Q(end_reason="")),
                name="delegation_ended_with_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} as {self.get_role_display()}"

    @property
    def span(self) -> Span:
        """From when to when it holds."""
        return Span(self.starts_on, self.ends_on, self.ended_at is not None)

    @property
    def is_confirmed(self) -> bool:
        """Whether a PI stands behind the line."""
        return self.delegated_by_id is not None

    @property
    def state(self) -> str:
        """How the line stands today at the site: open, to come or over."""
        today = self.site.today
        if self.span.holds(today):
            return "open"
        return "to come" if self.ended_at is None and today < self.starts_on else "over"


class Training(models.Model):
    """A person of a site was trained in a topic on a day; recorded in error, it is withdrawn with a reason."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    site = models.ForeignKey("users.Site", on_delete=models.PROTECT, related_name="trainings")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="trainings")
    topic = models.CharField(max_length=80)
    trained_on = models.DateField()
    valid_until = models.DateField(null=True, blank=True)
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField(default=timezone.now)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(valid_until=None) | Q(valid_until__gte=F("trained_on")), name="training_valid_after_it"
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at=None, withdrawn_reason="")
                | (Q(withdrawn_at__isnull=False) & ~Q(withdrawn_reason="")),
                name="training_withdrawn_with_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.topic}"

    @property
    def trained(self) -> Trained:
        """The row as the rules read it."""
        return Trained(self.topic, self.trained_on, self.valid_until)
