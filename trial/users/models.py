"""Sites, accounts and the roles an account holds at a site."""

from __future__ import annotations

import uuid
from datetime import date
from typing import ClassVar
from zoneinfo import ZoneInfo

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.functional import cached_property

from trial.permissions import Role
from trial.users.delegation.models import Delegation, Training
from trial.users.delegation.rules import Span
from trial.users.delegation.standing import Standing, standing_of

__all__ = ["Delegation", "RoleAssignment", "Site", "Training", "User"]

ROLE_LABELS = {role: "PI" if role is Role.PI else role.value.replace("_", " ").capitalize() for role in Role}


def known_zone(value: str) -> None:
    """Refuse a time zone that the zone database does not know."""
    try:
        ZoneInfo(value)
    except (KeyError, ValueError) as unknown:
        raise ValidationError(f"{value!r} is no time zone; write it as Area/City, like America/Chicago.") from unknown


class Site(models.Model):
    """A place where participants are treated."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    code = models.CharField(max_length=8, unique=True)
    name = models.CharField(max_length=120)
    timezone = models.CharField(max_length=64, validators=[known_zone])
    is_practice = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"{self.code} {self.name}"

    @property
    def zone(self) -> ZoneInfo:
        """The site's time zone."""
        return ZoneInfo(self.timezone)

    @property
    def today(self) -> date:
        """The day it is at the site."""
        return timezone.now().astimezone(self.zone).date()

    @property
    def pi_names(self) -> str:
        """The PIs of today in words, who delegate the duties here; empty where there is none."""
        held = self.role_assignments.filter(role=Role.PI, user__is_active=True).select_related("user")
        return ", ".join(sorted({row.user.full_name for row in held if row.span.holds(self.today)}))


class UserManager(BaseUserManager["User"]):
    """Makes accounts with a hashed password."""

    def create_user(self, username: str, *, password: str, full_name: str, email: str = "") -> User:
        """Return a new active account; raises ValidationError for a bad name."""
        user = self.model(username=username, full_name=full_name, email=email)
        user.set_password(password)
        user.full_clean()
        user.save(using=self._db)
        return user


class User(AbstractBaseUser):
    """An account of one person; never reused, never deleted."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    username = models.CharField(max_length=64, unique=True)
    full_name = models.CharField(max_length=120)
    email = models.EmailField(blank=True)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    # The trail never holds a password's hash; that it was changed, and by whom, it holds by this column.
    password_set_at = models.DateTimeField(default=timezone.now, editable=False)
    # Sessions that began before this are worth nothing: it is part of what a session is signed with.
    sessions_ended_at = models.DateTimeField(null=True, blank=True, editable=False)
    # Somebody else chose the password: its holder must change it before anything else.
    is_password_given = models.BooleanField(default=False, editable=False)

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["full_name"]
    objects = UserManager()

    def __str__(self) -> str:
        return self.full_name

    def set_password(self, raw_password: str | None) -> None:
        """Keep the hash of a new password, and when it was set."""
        super().set_password(raw_password)
        self.password_set_at = timezone.now()
        self.is_password_given = False

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """What a session of this account is signed with: another password or an order to end sessions changes it."""
        ended = self.sessions_ended_at.isoformat() if self.sessions_ended_at else ""
        salt = "trial.users.models.User.get_session_auth_hash"
        return salted_hmac(salt, f"{self.password}{ended}", secret=secret, algorithm="sha256").hexdigest()

    @cached_property
    def standing(self) -> Standing:
        """Today's roles, in force or waiting for a delegation, read once per request."""
        return standing_of(self)

    @property
    def roles_in_force(self) -> list[RoleAssignment]:
        """Today's role assignments whose duties are delegated, or need no delegation."""
        return self.standing.in_force

    @property
    def roles_undelegated(self) -> list[RoleAssignment]:
        """Today's role assignments that allow nothing until the PI of the site delegates their duties."""
        return self.standing.undelegated

    def roles_by_site(self) -> dict[uuid.UUID, frozenset[str]]:
        """Return the roles held today, by site id."""
        held: dict[uuid.UUID, set[str]] = {}
        for assignment in self.roles_in_force:
            held.setdefault(assignment.site_id, set()).add(assignment.role)
        return {site: frozenset(roles) for site, roles in held.items()}

    @property
    def role_names(self) -> str:
        """The roles held today in words, for the page's frame."""
        return ", ".join(sorted({assignment.get_role_display() for assignment in self.roles_in_force}))


class RoleAssignment(models.Model):
    """One role of one account at one site, from a day to a day."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="role_assignments")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="role_assignments")
    role = models.CharField(max_length=20, choices=[(role.value, ROLE_LABELS[role]) for role in Role])
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True)
    # Ended before its last day: from this moment it allows nothing. The reason stands in the trail.
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["user", "site", "role", "starts_on"], condition=Q(ended_at=None), name="role_assigned_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} {self.role} {self.site.code}"

    @property
    def span(self) -> Span:
        """From when to when it holds."""
        return Span(self.starts_on, self.ends_on, self.ended_at is not None)


class FormerPassword(models.Model):
    """The hash of a password that an account had before; it is refused when chosen again."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="former_passwords")
    password = models.CharField(max_length=128)
    retired_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.user} until {self.retired_at:%Y-%m-%d}"


class EmergencyCode(models.Model):
    """One code of a site's sealed envelope; only its digest is kept."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="emergency_codes")
    digest = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField(default=timezone.now)
    voided_at = models.DateTimeField(null=True, blank=True)
    used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.site.code} {self.made_at:%Y-%m-%d}"


class EmergencyAccess(models.Model):
    """One sign-in with a sealed code: who, when, why, and who looked at it afterwards."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="emergency_accesses")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="emergency_accesses")
    code = models.OneToOneField(EmergencyCode, on_delete=models.PROTECT, related_name="access")
    occurred_at = models.DateTimeField(default=timezone.now)
    reason = models.TextField()
    reviewed_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    reviewed_at = models.DateTimeField(null=True, blank=True)
    review = models.TextField(blank=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=~Q(reviewed_by=models.F("user")), name="emergency_access_reviewed_by_another"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} {self.occurred_at:%Y-%m-%d %H:%M}"
