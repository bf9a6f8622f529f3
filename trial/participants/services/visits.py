"""Visits: made from the protocol at consent, done or missed, with windows that follow the anchors."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.utils import timezone

from trial.audit.context import audited
from trial.locks.queries import locked_visits
from trial.participants import queries
from trial.participants.models import Participant, Visit
from trial.participants.services.order import report
from trial.participants.services.standing import departures_at, judge_anew, missed, out_of_order
from trial.records.events import emit
from trial.records.models import Origin
from trial.records.services import RecordError, StaleRecord, amend, content_hash
from trial.rules.deviations import window_deviation
from trial.rules.schedule import Window
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
    """Count every window anew from the anchors; report visits held outside theirs, close what no longer is.

    A locked visit keeps the window that was locked with it; what is found about it is a deviation like any other.
    """
    zone = participant.site.zone
    with audited(actor, "windows counted from the infusion"):
        visits = list(participant.visits.select_for_update())
        windows = queries.windows_of(participant, visits)
        kept = locked_visits([visit.pk for visit in visits])
        open_ones = [visit for visit in visits if visit.pk not in kept]
        moved = [visit for visit in open_ones if _moved(visit, _times(windows.get(visit.code)))]
        Visit.objects.bulk_update(moved, ["due_at", "opens_at", "closes_at", "version"])
        if moved:
            judge_anew(actor, participant, "the windows were counted anew from the infusion.")
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


def record_visit(
    actor: User,
    visit: Visit,
    *,
    occurred_at: datetime,
    is_complete: bool = True,
    moved_from: datetime | None = None,
    version: int | None = None,
) -> Visit:
    """Record that something was done at a visit; *is_complete* marks it done.

    A visit outside its window, before consent or out of the protocol's order is recorded, and raises a
    deviation. A visit already done keeps the time at which it was, unless that came from the record that
    is now corrected: *moved_from* is when that record said it was done before. *version* is the visit's that a
    page showed: raises StaleRecord where somebody else saved it since otherwise. ``became_done`` and
    ``was_missed_for`` on the visit say what this save made of it.
    """
    participant = visit.participant
    with audited(actor, f"visit {visit.code} held"):
        _require_version(visit, version, state=Visit.State.DONE, done_at=occurred_at)
        if visit.state == Visit.State.DONE and moved_from not in (None, occurred_at) and visit.done_at == moved_from:
            _move(visit, occurred_at)
        elif is_complete and visit.state != Visit.State.DONE:
            _change(visit, state=Visit.State.DONE, done_at=occurred_at, missed_cause="", missed_reason="")
        if visit.became_done or moved_from is not None:
            judge_anew(actor, participant, _now_held(visit, occurred_at))
        for found in departures_at(visit, occurred_at, queries.anchors_of(participant)):
            report(actor, participant, found, occurred_at=occurred_at, source=visit, visit=visit)
        if is_complete or moved_from is not None:
            _report_order(actor, participant)
    return visit


def miss_visit(
    actor: User,
    visit: Visit,
    *,
    reason: str = "",
    cause: str = "",
    occurred_at: datetime | None = None,
    version: int | None = None,
) -> Visit:
    """Record that a visit was not held, with the cause (a Visit.MissedFor value) or a reason, as a deviation.

    *version* is the visit's that a page showed: raises StaleRecord where somebody else saved it since otherwise.
    ``occurred_at`` is when that became known; the visit can still be recorded as held afterwards. Raises RecordError.
    """
    said = ": ".join(part for part in (Visit.MissedFor(cause).label if cause else "", reason.strip()) if part)[:200]
    if not said:
        raise RecordError("Say why the visit was missed.")
    participant, at = visit.participant, occurred_at or timezone.now()
    with audited(actor, f"visit {visit.code} missed"):
        # Before the visit, as everywhere: what follows takes it as well, and who takes the visit first waits for ever.
        Participant.objects.select_for_update(no_key=True).get(pk=participant.pk)
        _require_version(visit, version, state=Visit.State.MISSED, missed_cause=cause, missed_reason=said)
        _change(visit, state=Visit.State.MISSED, done_at=None, missed_cause=cause, missed_reason=said)
        found = missed(visit, visit.missed_reason)
        judge_anew(actor, participant, f"now {found.description}")
        report(actor, participant, found, occurred_at=at, source=visit, visit=visit)
        emit("visit.missed", actor=actor, visit=visit, cause=cause, reason=said, occurred_at=at)
    return visit


def correct_visit(actor: User, visit: Visit, *, version: int, reason: str, done_at: datetime) -> Visit:
    """Correct when a visit was held; a time outside its window raises a deviation, one inside it closes that.

    Raises RecordError for a visit not recorded as done, StaleRecord, ReasonRequired.
    """
    if visit.state != Visit.State.DONE:
        raise RecordError("This visit is not recorded as done; record it first.")
    with audited(actor, reason.strip() or "corrected"):
        saved = amend(visit, actor, version=version, reason=reason, done_at=done_at)
        visit.version, visit.done_at = saved.version, saved.done_at
        judge_anew(actor, visit.participant, f"{_now_held(visit, done_at)} Reason: {reason.strip()}")
        for found in departures_at(visit, done_at, queries.anchors_of(visit.participant)):
            report(actor, visit.participant, found, occurred_at=done_at, source=visit, visit=visit)
        _report_order(actor, visit.participant)
    return visit


def _now_held(visit: Visit, occurred_at: datetime) -> str:
    """The visit as it is recorded now, in a sentence."""
    label = queries.protocol_at(visit).visits[visit.code].label
    zone = visit.participant.site.zone
    if visit.done_at is None:
        return f"what was done at {label} is now dated {occurred_at.astimezone(zone):%Y-%m-%d %H:%M}."
    was_missed = f"; it had been recorded as missed ({visit.was_missed_for})" if visit.was_missed_for else ""
    return f"{label} is now recorded as held {visit.done_at.astimezone(zone):%Y-%m-%d %H:%M}{was_missed}."


def _move(visit: Visit, occurred_at: datetime) -> None:
    """Let the time of a visit already done follow the corrected record that it came from."""
    locked = Visit.objects.select_for_update().get(pk=visit.pk)
    _write(locked, visit, done_at=occurred_at)


def _require_version(visit: Visit, version: int | None, **wanted: Any) -> None:
    """Refuse to write over what somebody else saved since a page was opened, unless it is what is wanted."""
    if version is None:
        return
    locked = Visit.objects.select_for_update().get(pk=visit.pk)
    if locked.version != version and any(getattr(locked, name) != value for name, value in wanted.items()):
        raise StaleRecord("Somebody else saved this visit since you opened the page. Open it again and compare.")


def _change(visit: Visit, **values: Any) -> None:
    """Write a visit's state over whatever it is now: a fact is not refused for a stale page.

    Only a visit already done, perhaps a moment ago, stays as it is; raises RecordError for one to be missed.
    """
    locked = Visit.objects.select_for_update().get(pk=visit.pk)
    if locked.state == Visit.State.DONE:
        if values["state"] == Visit.State.MISSED:
            raise RecordError("This visit is recorded as done; it cannot be missed as well.")
        for name in (*values, "version"):
            setattr(visit, name, getattr(locked, name))
        return
    visit.became_done, visit.was_missed_for = values["state"] == Visit.State.DONE, locked.missed_reason
    _write(locked, visit, **values)


def _write(locked: Visit, visit: Visit, **values: Any) -> None:
    """Save *values* on the locked row, and show them on the caller's."""
    values["version"] = locked.version + 1
    for row in (locked, visit):
        for name, value in values.items():
            setattr(row, name, value)
    locked.clean_fields(exclude={field.name for field in locked._meta.concrete_fields if field.is_relation})
    locked.save(update_fields=list(values))


def _report_order(actor: User, participant: Participant) -> None:
    departures = out_of_order(participant)
    if not departures:
        return
    visits = {visit.code: visit for visit in participant.visits.all()}
    for found, at in departures:
        visit = visits[found.visit]
        report(actor, participant, found, occurred_at=at, source=visit, visit=visit)
