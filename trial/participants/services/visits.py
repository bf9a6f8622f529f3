"""Visits: made from the protocol at consent, done or missed, with windows that follow the anchors."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.utils import timezone

from trial.audit.context import audited
from trial.participants import queries
from trial.participants.models import Participant, Visit
from trial.participants.services.order import report
from trial.records.models import Origin
from trial.records.services import RecordError, amend, content_hash
from trial.rules.deviations import Deviation, consent_deviation, order_deviations, window_deviation
from trial.rules.schedule import Anchors, Window, visit_window
from trial.users.models import User

ROUTE = Visit._meta.label_lower


def make_visits(actor: User, participant: Participant, *, origin: str = Origin.FORM) -> list[Visit]:
    """Make every visit that the bound protocol foresees for the cohort and that does not exist yet."""
    there = set(participant.visits.values_list("code", flat=True))
    missing = [
        _planned(actor, participant, code, window, origin)
        for code, window in queries.windows_of(participant).items()
        if code not in there
    ]
    with audited(actor, "visits made from the protocol"):
        return Visit.objects.bulk_create(missing)


def _planned(actor: User, participant: Participant, code: str, window: Window | None, origin: str) -> Visit:
    return Visit(
        site_id=participant.site_id,
        entered_by=actor,
        key=uuid.uuid4(),
        route=ROUTE,
        content_hash=content_hash({"participant": participant, "code": code}),
        protocol_version=participant.protocol_version,
        origin=origin,
        participant=participant,
        code=code,
        schedule=queries.protocol_of(participant).visits[code].schedule,
        **_times(window),
    )


def _times(window: Window | None) -> dict[str, datetime | None]:
    if window is None:
        return {"due_at": None, "opens_at": None, "closes_at": None}
    return {"due_at": window.target, "opens_at": window.opens, "closes_at": window.closes}


def refresh_windows(actor: User, participant: Participant) -> None:
    """Count every window anew from the anchors, and report visits already held outside theirs."""
    windows, zone = queries.windows_of(participant), participant.site.zone
    with audited(actor, "windows counted from the infusion"):
        visits = list(participant.visits.select_for_update())
        moved = [visit for visit in visits if _moved(visit, _times(windows.get(visit.code)))]
        Visit.objects.bulk_update(moved, ["due_at", "opens_at", "closes_at", "version"])
        for visit in visits:
            if visit.state == Visit.State.DONE and visit.done_at is not None:
                found = window_deviation(windows.get(visit.code), visit.done_at, zone)
                report(actor, participant, found, occurred_at=visit.done_at, source=visit, visit=visit)


def _moved(visit: Visit, times: dict[str, datetime | None]) -> bool:
    """Set the times of a visit, and say whether any of them is another than before."""
    if all(getattr(visit, name) == at for name, at in times.items()):
        return False
    for name, at in times.items():
        setattr(visit, name, at)
    visit.version += 1
    return True


def record_visit(actor: User, visit: Visit, *, occurred_at: datetime, is_complete: bool = True) -> Visit:
    """Record that something was done at a visit; *is_complete* marks it done.

    A visit outside its window, before consent or out of the protocol's order is recorded, and raises a
    deviation. A visit already done keeps the time at which it was.
    """
    participant = visit.participant
    with audited(actor, f"visit {visit.code} held"):
        if is_complete and visit.state != Visit.State.DONE:
            _change(visit, state=Visit.State.DONE, done_at=occurred_at, missed_reason="")
        for found in _departures(visit, occurred_at):
            report(actor, participant, found, occurred_at=occurred_at, source=visit, visit=visit)
        if is_complete:
            _report_order(actor, participant)
    return visit


def miss_visit(actor: User, visit: Visit, *, reason: str, occurred_at: datetime | None = None) -> Visit:
    """Record that a visit was not held, with the reason, as a deviation; raises RecordError.

    ``occurred_at`` is when that became known; the visit can still be recorded as held afterwards.
    """
    if not reason.strip():
        raise RecordError("Say why the visit was missed.")
    participant, at = visit.participant, occurred_at or timezone.now()
    definition = queries.protocol_of(participant).visits[visit.code]
    with audited(actor, f"visit {visit.code} missed"):
        _change(visit, state=Visit.State.MISSED, done_at=None, missed_reason=reason.strip())
        important = "madrs" in definition.instruments.codes
        found = Deviation("missed", important, f"{definition.label} was missed: {reason.strip()}", visit.code)
        report(actor, participant, found, occurred_at=at, source=visit, visit=visit)
    return visit


def correct_visit(actor: User, visit: Visit, *, version: int, reason: str, done_at: datetime) -> Visit:
    """Correct when a visit was held; a time outside its window raises a deviation.

    Raises RecordError for a visit not recorded as done, StaleRecord, ReasonRequired.
    """
    if visit.state != Visit.State.DONE:
        raise RecordError("This visit is not recorded as done; record it first.")
    with audited(actor, reason.strip() or "corrected"):
        saved = amend(visit, actor, version=version, reason=reason, done_at=done_at)
        visit.version, visit.done_at = saved.version, saved.done_at
        found = _outside(visit, done_at, queries.anchors_of(visit.participant))
        report(actor, visit.participant, found, occurred_at=done_at, source=visit, visit=visit)
        _report_order(actor, visit.participant)
    return visit


def _change(visit: Visit, **values: Any) -> None:
    """Write a visit's state over whatever it is now: a fact is not refused for a stale page.

    Only a visit already done, perhaps a moment ago, stays as it is; raises RecordError for one to be missed.
    """
    locked = Visit.objects.select_for_update().get(pk=visit.pk)
    if locked.state == Visit.State.DONE:
        if values["state"] == Visit.State.MISSED:
            raise RecordError("This visit is recorded as done; it cannot be missed as well.")
        values = {name: getattr(locked, name) for name in (*values, "version")}
        for name, value in values.items():
            setattr(visit, name, value)
        return
    values["version"] = locked.version + 1
    for row in (locked, visit):
        for name, value in values.items():
            setattr(row, name, value)
    locked.clean_fields(exclude={field.name for field in locked._meta.concrete_fields if field.is_relation})
    locked.save(update_fields=list(values))


def _departures(visit: Visit, at: datetime) -> list[Deviation | None]:
    """The visit's departures from its window and from consent, by one reading of the anchors."""
    participant = visit.participant
    anchors = queries.anchors_of(participant)
    label = queries.protocol_of(participant).visits[visit.code].label
    unconsented = consent_deviation(label, at, anchors.consent, participant.site.zone)
    return [_outside(visit, at, anchors), unconsented]


def _outside(visit: Visit, at: datetime, anchors: Anchors) -> Deviation | None:
    zone, bound = visit.participant.site.zone, queries.protocol_of(visit.participant)
    planned = bound.visits.get(visit.code)
    window = None if planned is None else visit_window(bound, planned, anchors, zone)
    return window_deviation(window, at, zone)


def _report_order(actor: User, participant: Participant) -> None:
    done = {visit.code: visit for visit in participant.visits.filter(state=Visit.State.DONE)}
    held = {code: visit.done_at for code, visit in done.items() if visit.done_at is not None}
    for found in order_deviations(queries.protocol_of(participant), held, participant.site.zone):
        visit = done[found.visit]
        report(actor, participant, found, occurred_at=held[found.visit], source=visit, visit=visit)
