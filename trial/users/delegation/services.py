"""Delegating duties, ending a delegation, confirming one that was carried over, and recording training."""

from __future__ import annotations

from datetime import date

from django.utils import timezone

from trial.audit.context import audited
from trial.permissions import Role, may
from trial.users.delegation.models import Delegation, Training
from trial.users.delegation.rules import DELEGATED, USUAL_DUTIES, Span
from trial.users.models import Site, User
from trial.users.refusals import RightRefused

NO_REASON = "Say why; the reason is kept with the line."


def delegate(
    actor: User,
    *,
    user: User,
    site: Site,
    role: Role,
    starts_on: date,
    ends_on: date | None = None,
    duties: str = "",
) -> Delegation:
    """Delegate the duties of a role at a site to a person who holds it, from a day to a day, by the PI.

    duties: in words; the usual ones of the role where none are given. Raises RightRefused, ValidationError.
    """
    assert_pi(actor, site)
    if actor == user:
        raise RightRefused("Nobody delegates to themselves. The PI needs no delegation.")
    if role not in DELEGATED:
        raise RightRefused(f"The role {role.value.replace('_', ' ')} is not delegated by the PI of a site.")
    if starts_on < site.today:
        raise RightRefused(f"A delegation begins on {site.today:%Y-%m-%d} at the earliest: it is not dated back.")
    span = Span(starts_on, ends_on)
    with audited(actor, f"{role.value} at {site.code} delegated to {user.username}"):
        # The row of the person orders two PIs who delegate at the same moment.
        User.objects.select_for_update().get(pk=user.pk)
        _assert_holds(user, site, role, span)
        _assert_new(user, site, role, span)
        return _write(user, site, role, span, duties, delegated_by=actor)


def carry_over(
    actor: User | str,
    *,
    user: User,
    site: Site,
    role: Role,
    starts_on: date,
    ends_on: date | None = None,
    confirmed_by: User | None = None,
) -> Delegation:
    """Enter a delegation that was given outside this log; without a PI's name it waits to be confirmed."""
    with audited(actor, f"{role.value} at {site.code}: delegation carried over"):
        span = Span(starts_on, ends_on)
        return _write(user, site, role, span, "", delegated_by=confirmed_by, is_carried_over=True)


def confirm(actor: User, delegation: Delegation) -> Delegation:
    """Let the PI stand behind a line that was carried over; raises RightRefused."""
    assert_pi(actor, delegation.site)
    with audited(actor, "delegation confirmed"):
        row = Delegation.objects.select_for_update().get(pk=delegation.pk)
        if row.user_id == actor.pk:
            raise RightRefused("This line is about yourself; nobody delegates to themselves. End it.")
        if row.ended_at is not None or row.is_confirmed:
            raise RightRefused("This line is confirmed or ended already; look at the log.")
        row.delegated_by, row.delegated_at = actor, timezone.now()
        row.save(force_update=True)
    return row


def end(actor: User, delegation: Delegation, *, reason: str) -> Delegation:
    """End a delegation at once: from now on the role allows nothing. Raises RightRefused."""
    assert_pi(actor, delegation.site)
    if not reason.strip():
        raise RightRefused(NO_REASON)
    with audited(actor, reason):
        row = Delegation.objects.select_for_update().get(pk=delegation.pk)
        if row.ended_at is not None:
            raise RightRefused("This delegation is ended already; look at the log.")
        row.ended_by, row.ended_at, row.end_reason = actor, timezone.now(), reason.strip()
        row.full_clean(exclude=["user", "site"])
        row.save(force_update=True)
    return row


def record_training(
    actor: User, *, user: User, site: Site, topic: str, trained_on: date, valid_until: date | None = None
) -> Training:
    """Record that a person of the site was trained in a topic; raises RightRefused, ValidationError."""
    if not may(actor, "training.record", site.pk):
        raise RightRefused(f"Training at {site.code} is recorded by its PI or a coordinator.")
    if trained_on > site.today:
        raise RightRefused("This training has not taken place yet; record it when it has.")
    if valid_until is not None and valid_until < trained_on:
        raise RightRefused("Its last day lies before the training; check both days.")
    with audited(actor, f"training of {user.username} in {topic} recorded"):
        row = Training(
            user=user, site=site, topic=topic, trained_on=trained_on, valid_until=valid_until, recorded_by=actor
        )
        row.full_clean()
        row.save(force_insert=True)
    return row


def withdraw_training(actor: User, training: Training, *, reason: str) -> Training:
    """Take a training back that was recorded in error; it stays in the log. Raises RightRefused."""
    if not may(actor, "training.record", training.site_id):
        raise RightRefused("Training is withdrawn by the PI or a coordinator of the site.")
    if not reason.strip():
        raise RightRefused(NO_REASON)
    with audited(actor, reason):
        row = Training.objects.select_for_update().get(pk=training.pk)
        if row.withdrawn_at is not None:
            raise RightRefused("This training is withdrawn already; look at the log.")
        row.withdrawn_at, row.withdrawn_reason = timezone.now(), reason.strip()
        row.full_clean(exclude=["user", "site", "recorded_by"])
        row.save(force_update=True)
    return row


def assert_pi(actor: User, site: Site) -> None:
    """Refuse whoever is not PI of the site today; raises RightRefused."""
    if not may(actor, "delegation.manage", site.pk):
        raise RightRefused(f"Duties at {site.code} are delegated by its PI. Ask {site.pi_names or 'the sponsor'}.")


def _assert_holds(user: User, site: Site, role: Role, span: Span) -> None:
    """A duty is delegated to somebody who has, or will have, the role; else the line would allow nothing."""
    held = user.role_assignments.filter(site=site, role=role, ended_at=None)
    if not user.is_active or not any(row.span.meets(span) for row in held):
        raise RightRefused(
            f"{user.full_name} does not hold the role {role.value.replace('_', ' ')} at {site.code} in these days. "
            "An administrator gives it first, on the accounts page."
        )


def _assert_new(user: User, site: Site, role: Role, span: Span) -> None:
    """One line at a time for one role: two would leave it unclear which one an end ends."""
    for row in Delegation.objects.filter(user=user, site=site, role=role, ended_at=None):
        if row.span.meets(span):
            until = f"until {row.ends_on:%Y-%m-%d}" if row.ends_on else "without an end"
            raise RightRefused(
                f"This role is delegated to {user.full_name} already, from {row.starts_on:%Y-%m-%d} {until}. "
                "End that line first, or choose other days."
            )


def _write(
    user: User,
    site: Site,
    role: Role,
    span: Span,
    duties: str,
    *,
    delegated_by: User | None,
    is_carried_over: bool = False,
) -> Delegation:
    if span.ends_on is not None and span.ends_on < span.starts_on:
        raise RightRefused("The last day lies before the first; check both days.")
    row = Delegation(
        user=user,
        site=site,
        role=role.value,
        duties=duties.strip() or USUAL_DUTIES[role],
        starts_on=span.starts_on,
        ends_on=span.ends_on,
        delegated_by=delegated_by,
        is_carried_over=is_carried_over,
    )
    row.full_clean()
    row.save(force_insert=True)
    return row
