"""What safety does about the events of the apps below."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models.signals import post_save
from django.dispatch import receiver

from trial.participants.models import Participant, Visit
from trial.records.events import LateEvent, handles, provides
from trial.rules.deviations import Deviation as Departure
from trial.safety import late, on_call, queries
from trial.safety.services import accesses, close_what_ended, open_for_hospital_stay, record_deviation
from trial.users.models import EmergencyAccess, User


@receiver(post_save, sender=EmergencyAccess)
def tell_of_emergency(instance: EmergencyAccess, created: bool, raw: bool = False, **_: Any) -> None:
    """An emergency sign-in is told to who reviews it."""
    if created and not raw:
        accesses.tell("users.EmergencyAccess", instance.pk, person=instance.user, site_id=instance.site_id)


@receiver(post_save, sender="contacts.BreakGlass")
def tell_of_break_glass(instance: Any, created: bool, raw: bool = False, **_: Any) -> None:
    """So is the opening of contact details by break-glass."""
    if created and not raw:
        accesses.tell("contacts.BreakGlass", instance.pk, person=instance.entered_by, site_id=instance.site_id)


@handles("deviation.found")
def keep_deviation(
    *,
    participant: Participant,
    visit: Visit | None,
    actor: User,
    kind: str,
    summary: str,
    occurred_at: datetime,
    source: Any,
    ground: str,
    is_important: bool = False,
) -> None:
    """Keep a departure that an app below found."""
    record_deviation(
        actor,
        participant=participant,
        visit=visit,
        kind=kind,
        summary=summary,
        occurred_at=occurred_at,
        source=source,
        ground=ground,
        is_important=is_important,
        origin=getattr(source, "origin", "form"),
    )


@handles("deviations.judged")
def close_ended(*, actor: User, source: Any, standing: Sequence[Departure], why: str) -> None:
    """Close the automatic deviations about a record that hold no longer."""
    close_what_ended(actor, source, standing=standing, why=why)


@handles("lock.considered")
def consider_safety(*, preview: Any, participant: Participant | None, visit: Visit | None) -> None:
    """Say what is still open about safety; it stays recordable behind a lock, so it does not stand against one."""
    for count, words in queries.open_about(participant, visit):
        if count:
            preview.warn(f"{words}: {count}. They can still be dealt with behind the lock.")


@provides("safety.recorded_since")
def recorded_since(at: datetime, sites: frozenset[UUID]) -> list[LateEvent]:
    """What was entered or changed about safety after a moment, outside what was frozen then."""
    return late.recorded_since(at, sites)


@provides("deviations.open")
def open_automatic(participant: Participant, table: str) -> frozenset[UUID]:
    """The participant's records of a table with open automatic deviations, by id."""
    return queries.records_with_open_deviations(participant, table)


@handles("visit.missed")
def open_serious_event(*, actor: User, visit: Visit, cause: str, reason: str, occurred_at: datetime) -> None:
    """A hospital stay is a serious event: open one where none covers that day."""
    if cause == Visit.MissedFor.HOSPITALISATION:
        open_for_hospital_stay(actor, visit, why=reason, at=occurred_at)


@provides("safety.sites_without_roster")
def sites_without_roster() -> list[str]:
    """Codes of the sites where nobody was ever on call."""
    return on_call.sites_without_roster()


@provides("safety.unguarded_sites")
def unguarded_sites() -> list[str]:
    """Codes of the sites for whose roster the program must not be served."""
    return on_call.unguarded_sites()
