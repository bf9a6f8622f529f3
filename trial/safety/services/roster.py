"""Planning who is on call: shifts never overlap at a site."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from trial import protocol
from trial.audit.context import audited
from trial.records.services import RecordError, amend, content_hash, put, repeated, require_version
from trial.safety import on_call
from trial.safety.models import OnCallShift, SafetyContact
from trial.users.models import Site, User


def plan_shift(
    actor: User, *, site: Site, starts_at: datetime, ends_at: datetime, key: uuid.UUID | None = None, **people: Any
) -> OnCallShift:
    """Put a person on call with telephone, and a back-up if named; raises RecordError where somebody is already.

    people: person, phone, backup, backup_phone. The person and the back-up must be able to acknowledge an alert.
    """
    values = {"site": site, "starts_at": starts_at, "ends_at": ends_at, **people}
    digest = content_hash(values)
    with audited(actor, "on call"):
        Site.objects.select_for_update().get(pk=site.pk)  # one plan at a time: two people cannot fill the same hour
        if key is not None and (row := repeated(OnCallShift, actor, key, digest)):
            return row
        _check(site, starts_at, ends_at, people)
        version = protocol.FIRST
        return put(OnCallShift, actor, key=key, reason="on call", digest=digest, protocol_version=version, **values)


def change_shift(actor: User, shift: OnCallShift, *, version: int, reason: str, **values: Any) -> OnCallShift:
    """Change a shift with a reason; raises RecordError for an overlap, StaleRecord, ReasonRequired."""
    with audited(actor, reason.strip() or "changed"):
        Site.objects.select_for_update().get(pk=shift.site_id)
        _assert_stands(shift, version)
        people = {name: values[name] for name in ("person", "backup")}
        _check(shift.site, values["starts_at"], values["ends_at"], people, besides=shift.pk)
        return amend(shift, actor, version=version, reason=reason, **values)


def cancel_shift(actor: User, shift: OnCallShift, *, version: int, reason: str) -> OnCallShift:
    """Take a shift out of the roster; it stays in the trail. Raises RecordError, StaleRecord, ReasonRequired."""
    with audited(actor, reason.strip() or "taken out"):
        _assert_stands(shift, version)
        return amend(shift, actor, version=version, reason=reason, is_cancelled=True)


def set_contact(
    actor: User, site: Site, *, phone: str, answers: str, version: int | None = None, key: uuid.UUID | None = None
) -> SafetyContact:
    """Say whom to phone when the roster names nobody; raises StaleRecord when somebody changed it meanwhile."""
    values = {"phone": phone, "answers": answers}
    digest = content_hash({"site": site, **values})
    with audited(actor, "emergency number of the site"):
        if key is not None and (row := repeated(SafetyContact, actor, key, digest)):
            return row
        known = SafetyContact.objects.filter(site=site).first()
        if known is not None:
            return amend(known, actor, version=version or 0, reason="emergency number of the site", **values)
        return put(
            SafetyContact,
            actor,
            key=key,
            reason="emergency number of the site",
            digest=digest,
            site=site,
            protocol_version=protocol.FIRST,
            **values,
        )


def _assert_stands(shift: OnCallShift, version: int) -> None:
    """Refuse what comes too late first, so that it is told by whom; then a change of a shift that was taken out."""
    locked = OnCallShift.objects.select_for_update().get(pk=shift.pk)
    require_version(locked, version)
    if locked.is_cancelled:
        raise RecordError("This shift was taken out of the roster. Put somebody on call anew.")


def _check(
    site: Site, starts_at: datetime, ends_at: datetime, people: dict[str, Any], *, besides: uuid.UUID | None = None
) -> None:
    """Refuse a shift over another one, and people who could not acknowledge an alert."""
    others = on_call.shifts([site.pk], starts_at, ends_at)
    taken = (others if besides is None else others.exclude(pk=besides)).first()
    if taken is not None:
        starts, ends = taken.starts_at.astimezone(site.zone), taken.ends_at.astimezone(site.zone)
        span = f"{starts:%Y-%m-%d %H:%M} to {ends:%Y-%m-%d %H:%M}"
        raise RecordError(f"{taken.person} is on call then ({span}). Change that shift, or choose another time.")
    able = on_call.may_answer(site, starts_at)
    for person in (people["person"], people.get("backup")):
        if person is not None and person not in able:
            day = starts_at.astimezone(site.zone)
            raise RecordError(
                f"{person} may not acknowledge alerts at {site.code} on {day:%Y-%m-%d} and so cannot be on call: look "
                "at the account, its roles and the delegation log, or choose another person."
            )
